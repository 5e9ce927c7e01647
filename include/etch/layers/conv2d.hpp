// 2-d convolution. PyTorch equivalent: torch.nn.Conv2d
// https://pytorch.org/docs/stable/generated/torch.nn.Conv2d.html
#pragma once
#include <etch/layers/convolution.hpp>

namespace etch {

// Parameters: weight (out_channels, in_channels / groups, kernel height, kernel width), bias.
// A depthwise convolution has groups = in_channels. extra_padding: so many more zeros below the
// input and on its right, as TensorFlow's padding "same" has with a stride.
struct Conv2d {
  std::size_t in_channels = 0;  // derived; where given, checked
  std::size_t out_channels = 0;
  Pair kernel_size{};
  Pair stride = 1;
  Pair padding = 0;
  Pair dilation = 1;
  std::size_t groups = 1;
  bool bias = true;
  Algorithm algorithm = Algorithm::gemm;
  Pair extra_padding = 0;

  constexpr Window window() const {
    return {kernel_size, stride, padding, dilation, extra_padding};
  }
  constexpr Shape output(Shape x) const { return window().output(x, out_channels); }
};

template <Conv2d layer, Shape input>
struct Module<layer, input> {
  static constexpr std::size_t in = layer.in_channels ? layer.in_channels : input.channels;
  static_assert(Equal<in, input.channels>,
                "Conv2d: in_channels must equal the channels of the input");
  static_assert(AtLeast<layer.out_channels, 1u>, "Conv2d: out_channels must be at least 1");
  static_assert(AtLeast<layer.kernel_size.height, 1u> && AtLeast<layer.kernel_size.width, 1u>,
                "Conv2d: kernel_size must be at least 1");
  static_assert(AtLeast<layer.stride.height, 1u> && AtLeast<layer.stride.width, 1u>,
                "Conv2d: stride must be at least 1");
  static_assert(AtLeast<layer.dilation.height, 1u> && AtLeast<layer.dilation.width, 1u>,
                "Conv2d: dilation must be at least 1");
  static_assert(AtLeast<layer.groups, 1u>, "Conv2d: groups must be at least 1");
  static constexpr std::size_t groups = layer.groups ? layer.groups : 1;
  static_assert(Equal<in % groups, 0u>, "Conv2d: in_channels must be divisible by groups");
  static_assert(Equal<layer.out_channels % groups, 0u>,
                "Conv2d: out_channels must be divisible by groups");
  static_assert(AtMost<reach(layer.kernel_size.height, layer.dilation.height),
                       layer.window().padded(input).height>,
                "Conv2d: the kernel must not be higher than the padded input");
  static_assert(AtMost<reach(layer.kernel_size.width, layer.dilation.width),
                       layer.window().padded(input).width>,
                "Conv2d: the kernel must not be wider than the padded input");

  static constexpr kernels::ConvGeometry geometry{
      .input = input, .output = layer.output(input), .window = layer.window(), .groups = groups};
  using Kernels = Convolution<geometry, layer.bias, layer.algorithm>;

  static constexpr int lower(Graph& g, int x) {
    return g.add(Kernels::op("Conv2d", x), geometry.output,
                 {Tensor::weight(geometry, 4), Kernels::bias()});
  }
};

}  // namespace etch
