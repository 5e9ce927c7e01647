// Maximum of each window. PyTorch equivalent: torch.nn.MaxPool2d
// https://pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html
#pragma once
#include <etch/kernels/inside_taps.hpp>
#include <etch/kernels/pool.hpp>
#include <etch/layer.hpp>

namespace etch {

// stride: 0 means kernel_size. extra_padding: more below the input and on its right. Backward keeps
// one byte an output: which tap of the window won.
struct MaxPool2d {
  Pair kernel_size{};
  Pair stride = 0;
  Pair padding = 0;
  Pair dilation = 1;
  Pair extra_padding = 0;

  constexpr Window window() const {
    return {kernel_size, stride == Pair{} ? kernel_size : stride, padding, dilation, extra_padding};
  }
  constexpr Shape output(Shape x) const { return window().output(x, x.channels); }
};

template <MaxPool2d layer, Shape input>
struct Module<layer, input> {
  static constexpr Window window = layer.window();
  static_assert(AtLeast<layer.kernel_size.height, 1u> && AtLeast<layer.kernel_size.width, 1u>,
                "MaxPool2d: kernel_size must be at least 1");
  static_assert(AtLeast<window.stride.height, 1u> && AtLeast<window.stride.width, 1u>,
                "MaxPool2d: stride must be at least 1");
  static_assert(AtLeast<layer.dilation.height, 1u> && AtLeast<layer.dilation.width, 1u>,
                "MaxPool2d: dilation must be at least 1");
  static_assert(AtMost<layer.kernel_size.area(), 256u>,
                "MaxPool2d: kernel_size must have at most 256 positions");
  static_assert(AtMost<2 * layer.padding.height, layer.kernel_size.height> &&
                    AtMost<2 * layer.padding.width, layer.kernel_size.width>,
                "MaxPool2d: padding must be at most half of kernel_size");
  static_assert(
      AtMost<layer.padding.height + layer.extra_padding.height, layer.kernel_size.height - 1> &&
          AtMost<layer.padding.width + layer.extra_padding.width, layer.kernel_size.width - 1>,
      "MaxPool2d: padding + extra_padding must be less than kernel_size");
  static_assert(
      AtMost<reach(layer.kernel_size.height, layer.dilation.height), window.padded(input).height> &&
          AtMost<reach(layer.kernel_size.width, layer.dilation.width), window.padded(input).width>,
      "MaxPool2d: the window must not exceed the padded input");

  static constexpr Shape output = layer.output(input);

  // Taps far apart may all miss a small image: then no tap holds a maximum.
  static constexpr bool meets(std::size_t outputs, std::size_t taps, std::size_t stride,
                              std::size_t dilation, std::size_t padding, std::size_t length) {
    for (std::size_t at = 0; at < outputs; ++at) {
      if (kernels::InsideTaps(at, taps, stride, dilation, padding, length).size() == 0)
        return false;
    }
    return true;
  }
  static_assert(
      meets(output.height, layer.kernel_size.height, window.stride.height, layer.dilation.height,
            layer.padding.height, input.height) &&
          meets(output.width, layer.kernel_size.width, window.stride.width, layer.dilation.width,
                layer.padding.width, input.width),
      "MaxPool2d: a window lies in the padding alone: dilation is too large for the input");

  static void forward(const Call& c) {
    kernels::max_pool_forward({input, output, window, c.batch, c.threads, c.x,
                               reinterpret_cast<std::uint8_t*>(c.saved), c.y});
  }
  static void backward(const Call& c) {
    kernels::max_pool_gradient({input, output, window, c.batch, c.threads, c.dy,
                                reinterpret_cast<const std::uint8_t*>(c.saved), c.dx});
  }
  static constexpr std::size_t saved(std::size_t batch) { return batch * output.elements(); }

  static constexpr int lower(Graph& g, int x) {
    return g.add({.kind = "MaxPool2d",
                  .forward = forward,
                  .backward = backward,
                  .x = x,
                  .window = window,
                  .saved = saved},
                 output);
  }
};

}  // namespace etch
