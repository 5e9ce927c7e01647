// 2-d convolution. PyTorch equivalent: torch.nn.Conv2d
// https://pytorch.org/docs/stable/generated/torch.nn.Conv2d.html
#pragma once
#include <etch/layers/convolution.hpp>

namespace etch {

// 2-d convolution: y[o] = bias[o] + the sum over input channels and taps of weight * x: (N, H, W,
// in_channels) to (N, H', W', out_channels). Parameters: weight (out_channels, in_channels /
// groups, kernel height, kernel width), bias. A depthwise convolution has groups = in_channels.
// extra_padding: so many more zeros below the input and on its right, as TensorFlow's padding
// "same" has with a stride.
struct Conv2d {
  std::size_t in_channels = 0;            // derived; where given, checked
  std::size_t out_channels = 0;           // of the output
  Pair kernel_size{};                     // taps
  Pair stride = 1;                        // pixels
  Pair padding = 0;                       // pixels of zeros, on each side
  Pair dilation = 1;                      // pixels from tap to tap
  std::size_t groups = 1;                 // divides both numbers of channels
  bool bias = true;                       // one number an output channel is added
  Algorithm algorithm = Algorithm::gemm;  // what computes it
  Pair extra_padding = 0;                 // pixels, below and on the right alone

  static constexpr const char* name = "Conv2d";
  static constexpr void fields(auto& l, const auto& visit) {
    visit("in_channels", l.in_channels);
    visit("out_channels", l.out_channels);
    visit("kernel_size", l.kernel_size);
    visit("stride", l.stride);
    visit("padding", l.padding);
    visit("dilation", l.dilation);
    visit("groups", l.groups);
    visit("bias", l.bias);
    visit("algorithm", l.algorithm);
    visit("extra_padding", l.extra_padding);
  }
  constexpr Window window() const {
    return {kernel_size, stride, padding, dilation, extra_padding};
  }
  constexpr Shape output(Shape x) const { return window().output(x, out_channels); }

  constexpr Problem check(Value x) const {
    const std::size_t in = in_channels ? in_channels : x.shape.channels;
    const std::size_t parts = groups ? groups : 1;
    const Pair padded = window().padded(x.shape);
    return Rules()
        .equal(in, x.shape.channels, "Conv2d: in_channels must equal the channels of the input")
        .at_least(out_channels, 1, "Conv2d: out_channels must be at least 1")
        .at_least(kernel_size.height, 1, "Conv2d: kernel_size must be at least 1")
        .at_least(kernel_size.width, 1, "Conv2d: kernel_size must be at least 1")
        .at_least(stride.height, 1, "Conv2d: stride must be at least 1")
        .at_least(stride.width, 1, "Conv2d: stride must be at least 1")
        .at_least(dilation.height, 1, "Conv2d: dilation must be at least 1")
        .at_least(dilation.width, 1, "Conv2d: dilation must be at least 1")
        .at_least(groups, 1, "Conv2d: groups must be at least 1")
        .equal(in % parts, 0, "Conv2d: in_channels must be divisible by groups")
        .equal(out_channels % parts, 0, "Conv2d: out_channels must be divisible by groups")
        .at_most(reach(kernel_size.height, dilation.height), padded.height,
                 "Conv2d: the kernel must not be higher than the padded input")
        .at_most(reach(kernel_size.width, dilation.width), padded.width,
                 "Conv2d: the kernel must not be wider than the padded input")
        .equal(x.shape.channels, x.layout.channels,
               "Conv2d: the input must be an image: it was flattened");
  }

  constexpr Value lower(Graph& g, Value x) const {
    const kernels::ConvGeometry geometry{
        .input = x.shape, .output = output(x.shape), .window = window(), .groups = groups};
    return lower_convolution(g, x, name,
                             {.geometry = geometry, .algorithm = algorithm, .bias = bias},
                             Tensor::weight(geometry, 4));
  }
};

}  // namespace etch
