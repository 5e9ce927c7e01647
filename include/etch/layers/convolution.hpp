// What Conv2d and Linear share: a convolution of known geometry with a bias or without. A Linear
// is a 1x1 convolution over images of one pixel.
#pragma once
#include <etch/kernels/conv2d.hpp>
#include <etch/layer.hpp>

#include <algorithm>

namespace etch {

enum class Algorithm : unsigned char {
  gemm,      // implicit GEMM on SIMD registers, no im2col buffer
  loops,     // the definition, tap by tap: small code, no scratch
  unrolled,  // in firmware: gemm with forward code of its own, for this one geometry
};

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

// Parameters: the weights, then the bias.
template <kernels::ConvGeometry geometry, bool has_bias, Algorithm algorithm = Algorithm::gemm>
struct Convolution {
  static constexpr std::size_t weights = geometry.weights();
  static constexpr std::size_t outputs = geometry.output.channels;
  static constexpr bool gemm = algorithm != Algorithm::loops;
  template <kernels::Images images = kernels::Images::any>
  using Kernels = kernels::ConvKernels<geometry, images, algorithm == Algorithm::unrolled>;

  template <kernels::Images images, bool fuses>
  static void forward(const Call& c) {
    constexpr auto* kernel = gemm ? Kernels<images>::forward : kernels::conv2d_forward_loops;
    convolve<has_bias, fuses>(geometry, kernel, weights, c);
  }
  static void prepare(const Call& c) {
    kernels::winograd_prepare({geometry, c.parameters, c.prepared});
  }
  static void forward_prepared(const Call& c) {
    convolve<has_bias, true>(geometry, kernels::winograd_forward, weights, c);
  }
  // In training, in tiles of m.
  template <std::size_t m>
  static void winograd_forward(const kernels::ConvForward& c) {
    kernels::winograd_training_forward({c, m});
  }
  template <std::size_t m>
  static void winograd_input_gradient(const kernels::ConvInputGradient& c) {
    kernels::winograd_input_gradient({c, m});
  }
  template <std::size_t m>
  static void forward_winograd(const Call& c) {
    convolve<has_bias, false>(geometry, winograd_forward<m>, weights, c);
  }
  template <std::size_t m>
  static void backward_winograd(const Call& c) {
    constexpr auto* dw_kernel = Kernels<>::weight_gradient;
    convolve_backward<has_bias>(geometry, conv_gradients<dw_kernel, winograd_input_gradient<m>>,
                                weights, c);
  }
  template <std::size_t m>
  static constexpr std::size_t forward_winograd_scratch(std::size_t batch, std::size_t threads) {
    return kernels::winograd_training_scratch(geometry, batch, threads, m);
  }
  template <std::size_t m>
  static constexpr std::size_t backward_winograd_scratch(std::size_t batch, std::size_t threads) {
    return std::max(
        kernels::winograd_training_scratch(kernels::winograd_backward(geometry), batch, threads, m),
        kernels::conv2d_weight_gradient_scratch(geometry, batch, threads));
  }
  static constexpr void take_winograd(OpKernels& k, std::size_t batch) {
    const std::size_t m = kernels::winograd_training_tile(geometry, batch);
    if (m > 0) {
      k.forward = m == 4 ? forward_winograd<4> : forward_winograd<2>;
      k.forward_scratch = m == 4 ? forward_winograd_scratch<4> : forward_winograd_scratch<2>;
    }
    const std::size_t back =
        kernels::winograd_training_tile(kernels::winograd_backward(geometry), batch);
    if (back > 0) {
      k.backward = back == 4 ? backward_winograd<4> : backward_winograd<2>;
      k.backward_scratch = back == 4 ? backward_winograd_scratch<4> : backward_winograd_scratch<2>;
    }
  }
  template <kernels::Images images>
  static void backward(const Call& c) {
    constexpr auto* dw_kernel =
        gemm ? Kernels<images>::weight_gradient : kernels::conv2d_weight_gradient_loops;
    constexpr auto* dx_kernel =
        gemm ? Kernels<images>::input_gradient : kernels::conv2d_input_gradient_loops;
    convolve_backward<has_bias>(geometry, conv_gradients<dw_kernel, dx_kernel>, weights, c);
  }
  template <kernels::Images images>
  static constexpr OpKernels of(bool fuses) {
    return {fuses ? forward<images, true> : forward<images, false>, backward<images>,
            forward_scratch, backward_scratch};
  }
  static constexpr OpKernels kernels_of(const Op&, KernelUse use) {
    using kernels::Images;
    const Images images = gemm ? kernels::images_of(geometry, use.batch) : Images::any;
    OpKernels all = images == Images::one          ? of<Images::one>(use.fuses)
                    : images == Images::fill_tiles ? of<Images::fill_tiles>(use.fuses)
                                                   : of<Images::any>(use.fuses);
    if constexpr (gemm && kernels::is_winograd(geometry)) {
      if (use.winograd) take_winograd(all, use.batch);
    }
    return all;
  }
  static constexpr std::size_t forward_scratch(std::size_t batch, std::size_t threads) {
    return gemm ? Kernels<>::forward_scratch(batch, threads) : 0;
  }
  static constexpr std::size_t backward_scratch(std::size_t batch, std::size_t threads) {
    if (!gemm) return 0;
    const std::size_t dx = kernels::conv2d_input_gradient_scratch(geometry, batch, threads);
    const std::size_t dw = kernels::conv2d_weight_gradient_scratch(geometry, batch, threads);
    return dx > dw ? dx : dw;
  }
  static constexpr std::size_t prepared_scratch(std::size_t batch, std::size_t threads) {
    return kernels::winograd_scratch(geometry, batch, threads);
  }
  static constexpr Op op(const char* kind, int x) {
    Op op = direct(kind, x);
    if constexpr (gemm && kernels::winograd_tile(geometry) > 0) {
      op.prepared = kernels::winograd_weights(geometry) * sizeof(float);
      op.prepare = prepare;
      op.forward_prepared = forward_prepared;
      op.prepared_scratch = prepared_scratch;
    }
    return op;
  }
  static constexpr Op direct(const char* kind, int x) {
    return {.kind = kind,
            .forward = forward<kernels::Images::any, true>,
            .backward = backward<kernels::Images::any>,
            .kernels_of = kernels_of,
            .x = x,
            .dw_needs = Needs::input,
            .accumulates = true,
            .fusion = Fusion::takes,
            .with_bias = biased(),
            .macs = std::uint64_t{weights} * geometry.output.height * geometry.output.width,
            .forward_scratch = forward_scratch,
            .backward_scratch = backward_scratch};
  }
  // What Graph::append knows of an op stays.
  static constexpr Op with_bias(const Op& op) {
    Op biased = Convolution<geometry, true, algorithm>::op(op.kind, op.x);
    biased.y = op.y;
    biased.scope = op.scope;
    biased.frozen = op.frozen;
    return biased;
  }
  static constexpr auto biased() -> Op (*)(const Op&) {
    if constexpr (has_bias) {
      return same_op;
    } else {
      return with_bias;
    }
  }
  // A bias, or nothing.
  static constexpr Tensor bias() {
    return Tensor::vector("bias", {has_bias ? outputs : 0}, Initial::uniform,
                          geometry.inputs() * geometry.taps());
  }
};

}  // namespace etch
