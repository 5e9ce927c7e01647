// Mean of each window. PyTorch equivalents: torch.nn.AvgPool2d, torch.nn.AdaptiveAvgPool2d(1)
// https://pytorch.org/docs/stable/generated/torch.nn.AvgPool2d.html
#pragma once
#include <etch/kernels/pool.hpp>
#include <etch/layer.hpp>

namespace etch {

// The mean of each window of each channel: (N, H, W, C) to (N, H', W', C). stride: 0 means
// kernel_size. count_include_pad: padding counts as zeros in the mean.
// extra_padding: more below the input and on its right.
struct AvgPool2d {
  Pair kernel_size{};             // pixels
  Pair stride = 0;                // pixels; 0: kernel_size
  Pair padding = 0;               // pixels, on each side: at most half of kernel_size
  bool count_include_pad = true;  // false: the mean is over the pixels of the image alone
  Pair extra_padding = 0;         // pixels, below and on the right alone

  static constexpr const char* name = "AvgPool2d";
  static constexpr void fields(auto& l, const auto& visit) {
    visit("kernel_size", l.kernel_size);
    visit("stride", l.stride);
    visit("padding", l.padding);
    visit("count_include_pad", l.count_include_pad);
    visit("extra_padding", l.extra_padding);
  }
  constexpr Window window() const {
    return {kernel_size, stride == Pair{} ? kernel_size : stride, padding, 1, extra_padding};
  }
  constexpr Shape output(Shape x) const { return window().output(x, x.channels); }

  constexpr Problem check(Value x) const {
    const Window w = window();
    const Pair padded = w.padded(x.shape);
    return Rules()
        .at_least(kernel_size.height, 1, "AvgPool2d: kernel_size must be at least 1")
        .at_least(kernel_size.width, 1, "AvgPool2d: kernel_size must be at least 1")
        .at_least(w.stride.height, 1, "AvgPool2d: stride must be at least 1")
        .at_least(w.stride.width, 1, "AvgPool2d: stride must be at least 1")
        .at_most(2 * padding.height, kernel_size.height,
                 "AvgPool2d: padding must be at most half of kernel_size")
        .at_most(2 * padding.width, kernel_size.width,
                 "AvgPool2d: padding must be at most half of kernel_size")
        .at_most(padding.height + extra_padding.height, kernel_size.height - 1,
                 "AvgPool2d: padding + extra_padding must be less than kernel_size")
        .at_most(padding.width + extra_padding.width, kernel_size.width - 1,
                 "AvgPool2d: padding + extra_padding must be less than kernel_size")
        .at_most(kernel_size.height, padded.height,
                 "AvgPool2d: the window must not exceed the padded input")
        .at_most(kernel_size.width, padded.width,
                 "AvgPool2d: the window must not exceed the padded input");
  }

  constexpr Value lower(Graph& g, Value x) const { return lower(g, x, name); }
  // Under the name of a layer that is one.
  constexpr Value lower(Graph& g, Value x, const char* kind) const {
    const Shape y = output(x.shape);
    return g.add({.kind = kind,
                  .attributes = {.geometry = {.input = x.shape, .output = y, .window = window()},
                                 .count_include_pad = count_include_pad},
                  .forward = forward,
                  .backward = backward,
                  .x = x.id},
                 y);
  }

  [[gnu::always_inline]] static void forward(const Call& c, const Attributes& a) {
    const kernels::ConvGeometry& g = a.geometry;
    kernels::avg_pool_forward(
        {g.input, g.output, g.window, a.count_include_pad, c.batch, c.threads, c.x, c.y});
  }
  [[gnu::always_inline]] static void backward(const Call& c, const Attributes& a) {
    const kernels::ConvGeometry& g = a.geometry;
    kernels::avg_pool_gradient(
        {g.input, g.output, g.window, a.count_include_pad, c.batch, c.threads, c.dy, c.dx});
  }
};

// The mean of all pixels of each channel: (N, H, W, C) to (N, C).
struct GlobalAvgPool2d {
  static constexpr const char* name = "GlobalAvgPool2d";
  static constexpr void fields(auto&, const auto&) {}
  constexpr Shape output(Shape x) const { return {x.channels}; }
  constexpr Value lower(Graph& g, Value x) const {
    const AvgPool2d whole{.kernel_size = {x.shape.height, x.shape.width}};
    return whole.lower(g, x, name);
  }
};

}  // namespace etch
