// Mean of each window. PyTorch equivalents: torch.nn.AvgPool2d, torch.nn.AdaptiveAvgPool2d(1)
// https://pytorch.org/docs/stable/generated/torch.nn.AvgPool2d.html
#pragma once
#include <etch/kernels/pool.hpp>
#include <etch/layer.hpp>
#include <etch/text.hpp>

namespace etch {

// stride: 0 means kernel_size. count_include_pad: padding counts as zeros in the mean.
// extra_padding: more below the input and on its right.
struct AvgPool2d {
  Pair kernel_size{};
  Pair stride = 0;
  Pair padding = 0;
  bool count_include_pad = true;
  Pair extra_padding = 0;

  constexpr Window window() const {
    return {kernel_size, stride == Pair{} ? kernel_size : stride, padding, 1, extra_padding};
  }
  constexpr Shape output(Shape x) const { return window().output(x, x.channels); }
};

// One number a channel: the mean of all its pixels.
struct GlobalAvgPool2d {
  constexpr Shape output(Shape x) const { return {x.channels}; }
};

template <Text kind, AvgPool2d layer, Shape input>
struct AvgPoolModule {
  static constexpr Shape output = layer.output(input);

  static void forward(const Call& c) {
    kernels::avg_pool_forward(
        {input, output, layer.window(), layer.count_include_pad, c.batch, c.threads, c.x, c.y});
  }
  static void backward(const Call& c) {
    kernels::avg_pool_gradient(
        {input, output, layer.window(), layer.count_include_pad, c.batch, c.threads, c.dy, c.dx});
  }
  static constexpr int lower(Graph& g, int x) {
    return g.add({.kind = StaticText<kind>::value,
                  .forward = forward,
                  .backward = backward,
                  .x = x,
                  .window = layer.window(),
                  .count_include_pad = layer.count_include_pad},
                 output);
  }
};

template <AvgPool2d layer, Shape input>
struct Module<layer, input> : AvgPoolModule<"AvgPool2d", layer, input> {
  static_assert(AtLeast<layer.kernel_size.height, 1u> && AtLeast<layer.kernel_size.width, 1u>,
                "AvgPool2d: kernel_size must be at least 1");
  static_assert(AtLeast<layer.window().stride.height, 1u> &&
                    AtLeast<layer.window().stride.width, 1u>,
                "AvgPool2d: stride must be at least 1");
  static_assert(AtMost<2 * layer.padding.height, layer.kernel_size.height> &&
                    AtMost<2 * layer.padding.width, layer.kernel_size.width>,
                "AvgPool2d: padding must be at most half of kernel_size");
  static_assert(
      AtMost<layer.padding.height + layer.extra_padding.height, layer.kernel_size.height - 1> &&
          AtMost<layer.padding.width + layer.extra_padding.width, layer.kernel_size.width - 1>,
      "AvgPool2d: padding + extra_padding must be less than kernel_size");
  static_assert(AtMost<layer.kernel_size.height, layer.window().padded(input).height> &&
                    AtMost<layer.kernel_size.width, layer.window().padded(input).width>,
                "AvgPool2d: the window must not exceed the padded input");
};

template <GlobalAvgPool2d layer, Shape input>
struct Module<layer, input>
    : AvgPoolModule<"GlobalAvgPool2d", AvgPool2d{.kernel_size = {input.height, input.width}},
                    input> {};

}  // namespace etch
