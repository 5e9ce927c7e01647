// Maximum of each window. PyTorch equivalent: torch.nn.MaxPool2d
// https://pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html
#pragma once
#include <etch/kernels/inside_taps.hpp>
#include <etch/kernels/pool.hpp>
#include <etch/layer.hpp>

namespace etch {

// The maximum of each window of each channel: (N, H, W, C) to (N, H', W', C). stride: 0 means
// kernel_size. extra_padding: more below the input and on its right. Backward keeps
// one byte an output: which tap of the window won.
struct MaxPool2d {
  Pair kernel_size{};      // taps, at most 256 in all
  Pair stride = 0;         // pixels; 0: kernel_size
  Pair padding = 0;        // pixels that never win, on each side: at most half of kernel_size
  Pair dilation = 1;       // pixels from tap to tap
  Pair extra_padding = 0;  // pixels, below and on the right alone

  static constexpr const char* name = "MaxPool2d";
  static constexpr void fields(auto& l, const auto& visit) {
    visit("kernel_size", l.kernel_size);
    visit("stride", l.stride);
    visit("padding", l.padding);
    visit("dilation", l.dilation);
    visit("extra_padding", l.extra_padding);
  }
  constexpr Window window() const {
    return {kernel_size, stride == Pair{} ? kernel_size : stride, padding, dilation, extra_padding};
  }
  constexpr Shape output(Shape x) const { return window().output(x, x.channels); }

  constexpr Problem check(Value v) const {
    const Shape x = v.shape, y = output(x);
    const Window w = window();
    const Pair padded = w.padded(x);
    return Rules()
        .at_least(kernel_size.height, 1, "MaxPool2d: kernel_size must be at least 1")
        .at_least(kernel_size.width, 1, "MaxPool2d: kernel_size must be at least 1")
        .at_least(w.stride.height, 1, "MaxPool2d: stride must be at least 1")
        .at_least(w.stride.width, 1, "MaxPool2d: stride must be at least 1")
        .at_least(dilation.height, 1, "MaxPool2d: dilation must be at least 1")
        .at_least(dilation.width, 1, "MaxPool2d: dilation must be at least 1")
        .at_most(kernel_size.area(), 256, "MaxPool2d: kernel_size must have at most 256 positions")
        .at_most(2 * padding.height, kernel_size.height,
                 "MaxPool2d: padding must be at most half of kernel_size")
        .at_most(2 * padding.width, kernel_size.width,
                 "MaxPool2d: padding must be at most half of kernel_size")
        .at_most(padding.height + extra_padding.height, kernel_size.height - 1,
                 "MaxPool2d: padding + extra_padding must be less than kernel_size")
        .at_most(padding.width + extra_padding.width, kernel_size.width - 1,
                 "MaxPool2d: padding + extra_padding must be less than kernel_size")
        .at_most(reach(kernel_size.height, dilation.height), padded.height,
                 "MaxPool2d: the window must not exceed the padded input")
        .at_most(reach(kernel_size.width, dilation.width), padded.width,
                 "MaxPool2d: the window must not exceed the padded input")
        .holds(meets(y.height, kernel_size.height, w.stride.height, dilation.height, padding.height,
                     x.height) &&
                   meets(y.width, kernel_size.width, w.stride.width, dilation.width, padding.width,
                         x.width),
               "MaxPool2d: a window lies in the padding alone: dilation is too large for the "
               "input");
  }

  constexpr Value lower(Graph& g, Value x) const {
    const Shape y = output(x.shape);
    return g.add({.kind = name,
                  .attributes = {.geometry = {.input = x.shape, .output = y, .window = window()}},
                  .forward = forward,
                  .backward = backward,
                  .x = x.id,
                  .saved_an_image = y.elements()},
                 y);
  }

  [[gnu::always_inline]] static void forward(const Call& c, const Attributes& a) {
    const kernels::ConvGeometry& g = a.geometry;
    kernels::max_pool_forward({g.input, g.output, g.window, c.batch, c.threads, c.x,
                               reinterpret_cast<std::uint8_t*>(c.saved), c.y});
  }
  [[gnu::always_inline]] static void backward(const Call& c, const Attributes& a) {
    const kernels::ConvGeometry& g = a.geometry;
    kernels::max_pool_gradient({g.input, g.output, g.window, c.batch, c.threads, c.dy,
                                reinterpret_cast<const std::uint8_t*>(c.saved), c.dx});
  }

  // Taps far apart may all miss a small image: then no tap holds a maximum.
  static constexpr bool meets(std::size_t outputs, std::size_t taps, std::size_t stride,
                              std::size_t dilation, std::size_t padding, std::size_t length) {
    for (std::size_t at = 0; dilation > 1 && at < outputs; ++at) {
      if (kernels::InsideTaps(at, taps, stride, dilation, padding, length).size() == 0)
        return false;
    }
    return true;
  }
};

}  // namespace etch
