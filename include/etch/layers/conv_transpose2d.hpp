// Transposed 2-d convolution. PyTorch equivalent: torch.nn.ConvTranspose2d
// https://pytorch.org/docs/stable/generated/torch.nn.ConvTranspose2d.html
#pragma once
#include <etch/kernels/columns.hpp>
#include <etch/kernels/join.hpp>
#include <etch/layers/convolution.hpp>

namespace etch {

// The kernels of the convolution that makes x of y, of `geometry`: forward is its input gradient,
// backward its forward, and its weight gradient with x and dy in each other's place.
struct TransposedKernels {
  void (*forward)(const kernels::ConvInputGradient&);           // y from x
  void (*input_gradient)(const kernels::ConvForward&);          // dx from dy
  void (*weight_gradient)(const kernels::ConvWeightGradient&);  // from dy and x
};
// A name for three of them.
template <auto* forward, auto* input_gradient, auto* weight_gradient>
inline constexpr TransposedKernels transposed_kernels{forward, input_gradient, weight_gradient};

// The sums go onto the bias.
template <bool has_bias>
[[gnu::noinline]] void convolve_transposed(const kernels::ConvGeometry& g,
                                           const TransposedKernels& use, const Call& c) {
  const Shape y = g.input;
  if constexpr (has_bias) {
    kernels::copy_channels({c.batch * y.height * y.width, y.channels, c.threads,
                            c.parameters + g.weights(), 0, c.y, y.channels, false});
  }
  use.forward({g, c.batch, c.threads, c.x, c.parameters, c.y, has_bias, c.scratch});
}
// dx, and the gradients of weight and bias.
template <bool has_bias>
[[gnu::noinline]] void convolve_transposed_backward(const kernels::ConvGeometry& g,
                                                    const TransposedKernels& use, const Call& c) {
  const Shape y = g.input;
  if (c.gradients != nullptr) {
    use.weight_gradient(
        {g, c.batch, c.threads, c.dy, c.x, c.gradients, nullptr, c.accumulate, c.scratch});
    if constexpr (has_bias) {
      kernels::column_sums({c.batch * y.height * y.width, y.channels, c.threads, c.dy,
                            c.gradients + g.weights(), c.accumulate});
    }
  }
  if (c.dx != nullptr) {
    const kernels::Epilogue sum{.skip = c.accumulate_dx ? c.dx : nullptr};
    use.input_gradient({g, c.batch, c.threads, c.dy, c.parameters, c.dx, sum, c.scratch});
  }
}

// Kernels that read their geometry as they run: a host's, of a graph.
constexpr const TransposedKernels& general_transposed_kernels(Algorithm algorithm) {
  return algorithm == Algorithm::loops
             ? transposed_kernels<kernels::conv2d_input_gradient_loops,
                                  kernels::conv2d_forward_loops,
                                  kernels::conv2d_weight_gradient_loops>
             : transposed_kernels<kernels::conv2d_input_gradient, kernels::conv2d_forward,
                                  kernels::conv2d_weight_gradient>;
}
// y, by kernels that read their geometry as they run.
inline void transposed_forward(const Call& c, const Attributes& a) {
  const auto convolve_so = a.bias ? convolve_transposed<true> : convolve_transposed<false>;
  convolve_so(a.geometry, general_transposed_kernels(a.algorithm), c);
}
// dx, and the gradients, in the same way.
inline void transposed_backward(const Call& c, const Attributes& a) {
  const auto convolve_so =
      a.bias ? convolve_transposed_backward<true> : convolve_transposed_backward<false>;
  convolve_so(a.geometry, general_transposed_kernels(a.algorithm), c);
}
// Bytes of scratch of a step.
constexpr std::size_t transposed_forward_scratch(const Attributes& a, KernelUse use) {
  if (a.algorithm == Algorithm::loops) return 0;
  return kernels::conv2d_input_gradient_scratch(a.geometry, use.batch, use.threads);
}
// Bytes of scratch of a step backward.
constexpr std::size_t transposed_backward_scratch(const Attributes& a, KernelUse use) {
  if (a.algorithm == Algorithm::loops) return 0;
  return std::max(kernels::conv2d_forward_scratch(a.geometry, use.batch, use.threads),
                  kernels::conv2d_weight_gradient_scratch(a.geometry, use.batch, use.threads));
}

// Kernels of one geometry: of those that firmware has only these are in the flash.
template <kernels::ConvGeometry geometry, bool has_bias, Algorithm algorithm>
struct TransposedConvolution {
  // Those of this geometry.
  static constexpr const TransposedKernels& kernels_used() {
    if constexpr (algorithm == Algorithm::loops) {
      return general_transposed_kernels(algorithm);
    } else {
      using K = kernels::ConvKernels<geometry>;
      return transposed_kernels<K::input_gradient, K::forward, K::weight_gradient>;
    }
  }
  // y.
  static void forward(const Call& c) { convolve_transposed<has_bias>(geometry, kernels_used(), c); }
  // dx, and the gradients.
  static void backward(const Call& c) {
    convolve_transposed_backward<has_bias>(geometry, kernels_used(), c);
  }
  // See Op::kernels_of.
  static constexpr OpKernels kernels_of(const Op& op, KernelUse use) {
    return {.forward = forward,
            .backward = backward,
            .forward_scratch = op.forward_scratch(op.attributes, use),
            .backward_scratch = op.backward_scratch(op.attributes, use)};
  }
};
template <Attributes a>
struct Bound<transposed_forward, transposed_backward, nothing_to_compute, a>
    : TransposedConvolution<a.geometry, a.bias, a.algorithm> {};

// Parameters: weight (in_channels, out_channels / groups, kernel height, kernel width), bias. An
// image's height becomes (height - 1) * stride - 2 * padding + dilation * (kernel_size - 1) + 1 +
// output_padding - extra_padding, and its width alike. extra_padding: so many rows below and
// columns on the right are left out, as TensorFlow's padding "same" does.
struct ConvTranspose2d {
  std::size_t in_channels = 0;            // derived; where given, checked
  std::size_t out_channels = 0;           // of the output
  Pair kernel_size{};                     // taps
  Pair stride = 1;                        // pixels of the output from pixel to pixel of the input
  Pair padding = 0;                       // pixels that are cut off, on each side
  Pair output_padding = 0;                // pixels more, below and on the right; less than stride
  std::size_t groups = 1;                 // divides both numbers of channels
  bool bias = true;                       // one number an output channel is added
  Pair dilation = 1;                      // pixels from tap to tap
  Algorithm algorithm = Algorithm::gemm;  // what computes it
  Pair extra_padding = 0;                 // pixels that are cut off below and on the right alone

  static constexpr const char* name = "ConvTranspose2d";
  static constexpr void fields(auto& l, const auto& visit) {
    visit("in_channels", l.in_channels);
    visit("out_channels", l.out_channels);
    visit("kernel_size", l.kernel_size);
    visit("stride", l.stride);
    visit("padding", l.padding);
    visit("output_padding", l.output_padding);
    visit("groups", l.groups);
    visit("bias", l.bias);
    visit("dilation", l.dilation);
    visit("algorithm", l.algorithm);
    visit("extra_padding", l.extra_padding);
  }
  // Of the convolution that makes x of y.
  constexpr Window window() const {
    return {kernel_size, stride, padding, dilation, extra_padding};
  }
  // Height and width before anything is cut off.
  constexpr Pair whole(Shape x) const {
    return {(x.height - 1) * stride.height + reach(kernel_size.height, dilation.height) +
                output_padding.height,
            (x.width - 1) * stride.width + reach(kernel_size.width, dilation.width) +
                output_padding.width};
  }
  // Rows and columns that are cut off.
  constexpr Pair cropped() const {
    return {2 * padding.height + extra_padding.height, 2 * padding.width + extra_padding.width};
  }
  constexpr Shape output(Shape x) const {
    const Pair all = whole(x), less = cropped();
    return {out_channels, all.height - less.height, all.width - less.width};
  }

  constexpr Problem check(Value x) const {
    const std::size_t in = in_channels ? in_channels : x.shape.channels;
    const std::size_t parts = groups ? groups : 1;
    const Pair all = whole(x.shape), less = cropped();
    return Rules()
        .equal(in, x.shape.channels,
               "ConvTranspose2d: in_channels must equal the channels of the input")
        .at_least(out_channels, 1, "ConvTranspose2d: out_channels must be at least 1")
        .at_least(kernel_size.height, 1, "ConvTranspose2d: kernel_size must be at least 1")
        .at_least(kernel_size.width, 1, "ConvTranspose2d: kernel_size must be at least 1")
        .at_least(stride.height, 1, "ConvTranspose2d: stride must be at least 1")
        .at_least(stride.width, 1, "ConvTranspose2d: stride must be at least 1")
        .at_least(dilation.height, 1, "ConvTranspose2d: dilation must be at least 1")
        .at_least(dilation.width, 1, "ConvTranspose2d: dilation must be at least 1")
        .at_least(groups, 1, "ConvTranspose2d: groups must be at least 1")
        .equal(in % parts, 0, "ConvTranspose2d: in_channels must be divisible by groups")
        .equal(out_channels % parts, 0, "ConvTranspose2d: out_channels must be divisible by groups")
        .at_most(output_padding.height + 1, stride.height,
                 "ConvTranspose2d: output_padding must be less than stride")
        .at_most(output_padding.width + 1, stride.width,
                 "ConvTranspose2d: output_padding must be less than stride")
        .at_least(all.height, less.height + 1,
                  "ConvTranspose2d: padding must leave a part of the output")
        .at_least(all.width, less.width + 1,
                  "ConvTranspose2d: padding must leave a part of the output")
        .equal(x.shape.channels, x.layout.channels,
               "ConvTranspose2d: the input must be an image: it was flattened");
  }

  constexpr Value lower(Graph& g, Value x) const {
    const kernels::ConvGeometry geometry{
        .input = output(x.shape), .output = x.shape, .window = window(), .groups = groups};
    const std::size_t biases = bias ? out_channels : 0;
    return g.add(
        {.kind = name,
         .attributes = {.geometry = geometry, .algorithm = algorithm, .bias = bias},
         .forward = transposed_forward,
         .backward = transposed_backward,
         .x = x.id,
         .dw_needs = Needs::input,
         .accumulates = true,
         .macs = std::uint64_t{geometry.weights()} * x.shape.height * x.shape.width,
         .forward_scratch = transposed_forward_scratch,
         .backward_scratch = transposed_backward_scratch},
        geometry.input,
        {Tensor::weight(geometry, 4),
         Tensor::vector("bias", {biases}, Initial::uniform, geometry.inputs() * geometry.taps())});
  }
};

}  // namespace etch
