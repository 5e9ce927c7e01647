// What Conv2d and Linear share: a convolution of known geometry with a bias or without. A Linear
// is a 1x1 convolution over images of one pixel.
#pragma once
#include <etch/bind.hpp>
#include <etch/kernels/conv2d.hpp>
#include <etch/layer.hpp>

#include <algorithm>

namespace etch {

// Shared by all convolutions. noinline: the binary then holds one copy, and each layer only a call
// with its geometry, kernels and weight count. The weights are in c.prepared, or else in
// c.parameters, where the bias follows.
template <bool has_bias>
[[gnu::noinline]] kernels::Epilogue epilogue_of(std::size_t outputs, const float* bias,
                                                const Call& c) {
  kernels::Epilogue e{.skip = c.skip, .relu = c.relu};
  if (has_bias) e.shift = bias;
  if (c.norm == nullptr) return e;
  // (sum + bias) * scale + shift
  float *scale = c.norm, *shift = scale + outputs;
  for (std::size_t o = 0; has_bias && o < outputs; ++o) shift[o] += bias[o] * scale[o];
  e.scale = scale;
  e.shift = shift;
  return e;
}
template <bool has_bias, bool fuses>
[[gnu::noinline]] void convolve(const kernels::ConvGeometry& g,
                                void (*kernel)(const kernels::ConvForward&), std::size_t weights,
                                const Call& c) {
  const float* weight = c.prepared != nullptr ? c.prepared : c.parameters;
  const float* bias = has_bias ? c.parameters + weights : nullptr;
  if constexpr (fuses) {
    const kernels::Epilogue e = epilogue_of<has_bias>(g.output.channels, bias, c);
    kernel({g, c.batch, c.threads, c.x, weight, c.y, e, c.scratch});
  } else {
    kernel({g, c.batch, c.threads, c.x, weight, c.y, {.shift = bias}, c.scratch});
  }
}
struct ConvGradients {
  void (*weight)(const kernels::ConvWeightGradient&);
  void (*input)(const kernels::ConvInputGradient&);
};
template <auto* weight, auto* input>
inline constexpr ConvGradients conv_gradients{weight, input};
template <bool has_bias>
[[gnu::noinline]] void convolve_backward(const kernels::ConvGeometry& g,
                                         const ConvGradients& gradients, std::size_t weights,
                                         const Call& c) {
  if (c.gradients != nullptr) {
    gradients.weight({g, c.batch, c.threads, c.x, c.dy, c.gradients,
                      has_bias ? c.gradients + weights : nullptr, c.accumulate, c.scratch});
  }
  if (c.dx != nullptr) {
    gradients.input({g, c.batch, c.threads, c.dy, c.parameters, c.dx, c.accumulate_dx, c.scratch});
  }
}

// What a convolution's kernels are chosen by, once for all who ask: what is known of the number of
// images, and the tiles of Winograd in training, 0 for none.
struct ConvChoice {
  kernels::Images images = kernels::Images::any;
  std::size_t forward_tile = 0, input_gradient_tile = 0;

  constexpr ConvChoice(const Attributes& of, KernelUse use) {
    if (of.algorithm == Algorithm::loops) return;
    images = kernels::images_of(of.geometry, use.batch);
    if (!use.winograd || !kernels::is_winograd(of.geometry)) return;
    forward_tile = kernels::winograd_training_tile(of.geometry, use.batch);
    input_gradient_tile =
        kernels::winograd_training_tile(kernels::winograd_backward(of.geometry), use.batch);
  }
};

// Bytes of scratch of what it chooses.
constexpr std::size_t conv_forward_scratch(const Attributes& a, KernelUse use) {
  if (a.algorithm == Algorithm::loops) return 0;
  const std::size_t m = ConvChoice(a, use).forward_tile;
  return m > 0 ? kernels::winograd_training_scratch(a.geometry, use.batch, use.threads, m)
               : kernels::conv2d_forward_scratch(a.geometry, use.batch, use.threads);
}
constexpr std::size_t conv_backward_scratch(const Attributes& a, KernelUse use) {
  if (a.algorithm == Algorithm::loops) return 0;
  const kernels::ConvGeometry& g = a.geometry;
  const std::size_t m = ConvChoice(a, use).input_gradient_tile;
  const std::size_t dx = m > 0 ? kernels::winograd_training_scratch(kernels::winograd_backward(g),
                                                                    use.batch, use.threads, m)
                               : kernels::conv2d_input_gradient_scratch(g, use.batch, use.threads);
  return std::max(dx, kernels::conv2d_weight_gradient_scratch(g, use.batch, use.threads));
}

// In training, in tiles of m.
template <std::size_t m>
void winograd_training_forward(const kernels::ConvForward& c) {
  kernels::winograd_training_forward({c, m});
}
template <std::size_t m>
void winograd_training_input_gradient(const kernels::ConvInputGradient& c) {
  kernels::winograd_input_gradient({c, m});
}

// Kernels that read their geometry as they run: a host's, of a graph.
template <bool fuses, auto* kernel>
void convolve_forward(const Call& c, const Attributes& a) {
  const auto convolve_so = a.bias ? convolve<true, fuses> : convolve<false, fuses>;
  convolve_so(a.geometry, kernel, a.geometry.weights(), c);
}
template <auto* weight_gradient, auto* input_gradient>
void convolve_gradients(const Call& c, const Attributes& a) {
  const auto convolve_so = a.bias ? convolve_backward<true> : convolve_backward<false>;
  convolve_so(a.geometry, conv_gradients<weight_gradient, input_gradient>, a.geometry.weights(), c);
}
inline void convolve_prepare(const Call& c, const Attributes& a) {
  kernels::winograd_prepare({a.geometry, c.parameters, c.prepared});
}
template <auto* kernel>
constexpr Kernel general_forward(bool fuses) {
  return fuses ? computed<convolve_forward<true, kernel>>
               : computed<convolve_forward<false, kernel>>;
}
template <auto* weight_gradient, auto* input_gradient>
constexpr Kernel general_gradients() {
  return computed<convolve_gradients<weight_gradient, input_gradient>>;
}

constexpr OpKernels general_convolution(const Op& op, KernelUse use) {
  const Attributes& a = op.attributes;
  const ConvChoice choice(a, use);
  constexpr auto* dw = kernels::conv2d_weight_gradient;
  OpKernels k{.forward = general_forward<kernels::conv2d_forward>(use.fuses),
              .backward = general_gradients<dw, kernels::conv2d_input_gradient>(),
              .prepare = computed<convolve_prepare>,
              .forward_prepared = general_forward<kernels::winograd_forward>(true),
              .forward_scratch = conv_forward_scratch(a, use),
              .backward_scratch = conv_backward_scratch(a, use)};
  if (op.prepared > 0) {
    k.prepared_scratch = kernels::winograd_scratch(a.geometry, use.batch, use.threads);
  }
  if (a.algorithm == Algorithm::loops) {
    k.forward = general_forward<kernels::conv2d_forward_loops>(use.fuses);
    k.backward = general_gradients<kernels::conv2d_weight_gradient_loops,
                                   kernels::conv2d_input_gradient_loops>();
  }
  if (choice.forward_tile == 4) k.forward = general_forward<winograd_training_forward<4>>(false);
  if (choice.forward_tile == 2) k.forward = general_forward<winograd_training_forward<2>>(false);
  if (choice.input_gradient_tile == 4) {
    k.backward = general_gradients<dw, winograd_training_input_gradient<4>>();
  }
  if (choice.input_gradient_tile == 2) {
    k.backward = general_gradients<dw, winograd_training_input_gradient<2>>();
  }
  return k;
}

// Kernels of one geometry. Firmware has several, of which only those that are used are in the
// flash.
template <kernels::ConvGeometry geometry, bool has_bias, Algorithm algorithm = Algorithm::gemm>
struct Convolution {
  static constexpr std::size_t weights = geometry.weights();
  static constexpr bool gemm = algorithm != Algorithm::loops;
  template <kernels::Images images = kernels::Images::any>
  using Kernels = kernels::ConvKernels<geometry, images, algorithm == Algorithm::unrolled>;

  template <auto* kernel, bool fuses>
  static void forward(const Call& c) {
    convolve<has_bias, fuses>(geometry, kernel, weights, c);
  }
  template <auto* weight_gradient, auto* input_gradient>
  static void backward(const Call& c) {
    convolve_backward<has_bias>(geometry, conv_gradients<weight_gradient, input_gradient>, weights,
                                c);
  }
  static void prepare(const Call& c) {
    kernels::winograd_prepare({geometry, c.parameters, c.prepared});
  }

  template <kernels::Images images>
  static constexpr OpKernels of(bool fuses) {
    if constexpr (gemm) {
      using K = Kernels<images>;
      return {.forward = fuses ? forward<K::forward, true> : forward<K::forward, false>,
              .backward = backward<K::weight_gradient, K::input_gradient>};
    } else {
      constexpr auto* kernel = kernels::conv2d_forward_loops;
      return {.forward = fuses ? forward<kernel, true> : forward<kernel, false>,
              .backward = backward<kernels::conv2d_weight_gradient_loops,
                                   kernels::conv2d_input_gradient_loops>};
    }
  }
  static constexpr void take_winograd(OpKernels& k, ConvChoice choice) {
    if (choice.forward_tile > 0) {
      k.forward = choice.forward_tile == 4 ? forward<winograd_training_forward<4>, false>
                                           : forward<winograd_training_forward<2>, false>;
    }
    constexpr auto* dw = Kernels<>::weight_gradient;
    if (choice.input_gradient_tile > 0) {
      k.backward = choice.input_gradient_tile == 4
                       ? backward<dw, winograd_training_input_gradient<4>>
                       : backward<dw, winograd_training_input_gradient<2>>;
    }
  }
  static constexpr OpKernels kernels_of(const Op& op, KernelUse use) {
    using kernels::Images;
    const ConvChoice choice(op.attributes, use);
    OpKernels all = choice.images == Images::one          ? of<Images::one>(use.fuses)
                    : choice.images == Images::fill_tiles ? of<Images::fill_tiles>(use.fuses)
                                                          : of<Images::any>(use.fuses);
    all.forward_scratch = conv_forward_scratch(op.attributes, use);
    all.backward_scratch = conv_backward_scratch(op.attributes, use);
    if constexpr (gemm) {
      if (choice.forward_tile == 0) {
        all.forward_scratch = Kernels<>::forward_scratch(use.batch, use.threads);
      }
      if constexpr (kernels::is_winograd(geometry)) take_winograd(all, choice);
      if constexpr (kernels::winograd_tile(geometry) > 0) {
        all.prepare = prepare;
        all.forward_prepared = forward<kernels::winograd_forward, true>;
        all.prepared_scratch = kernels::winograd_scratch(geometry, use.batch, use.threads);
      }
    }
    return all;
  }
};

inline void convolution_forward(const Call& c, const Attributes& a) {
  convolve_forward<true, kernels::conv2d_forward>(c, a);
}
inline void convolution_backward(const Call& c, const Attributes& a) {
  convolve_gradients<kernels::conv2d_weight_gradient, kernels::conv2d_input_gradient>(c, a);
}
template <Attributes a>
struct Bound<convolution_forward, convolution_backward, nothing_to_compute, a>
    : Convolution<a.geometry, a.bias, a.algorithm> {};

// Adds a convolution. Parameters: the weights, as `weight` lays them out, then the bias, if any.
constexpr Value lower_convolution(Graph& g, Value x, const char* kind, const Attributes& a,
                                  const Tensor& weight) {
  const kernels::ConvGeometry& geometry = a.geometry;
  const bool winograd = a.algorithm != Algorithm::loops && kernels::winograd_tile(geometry) > 0;
  return g.add(
      {.kind = kind,
       .attributes = a,
       .forward = convolution_forward,
       .backward = convolution_backward,
       .kernels_of = general_convolution,
       .x = x.id,
       .dw_needs = Needs::input,
       .accumulates = true,
       .fusion = Fusion::takes,
       .prepared = winograd ? kernels::winograd_weights(geometry) * sizeof(float) : 0,
       .macs = std::uint64_t{geometry.weights()} * geometry.output.height * geometry.output.width},
      geometry.output,
      {weight, Tensor::vector("bias", {a.bias ? geometry.output.channels : 0}, Initial::uniform,
                              geometry.inputs() * geometry.taps())});
}

}  // namespace etch
