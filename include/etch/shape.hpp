// Shapes of activations and of windows, and how the one makes the other.
#pragma once
#include <etch/compiler.hpp>

#include <cstddef>

namespace etch {

// The shape of one image of a batch. In memory an activation is (N, height, width, channels):
// channels are contiguous. A vector of n features is Shape{n}.
struct Shape {
  std::size_t channels = 1, height = 1, width = 1;  // `channels` numbers a pixel

  // How many numbers an image has.
  constexpr std::size_t elements() const { return channels * height * width; }
  constexpr bool operator==(const Shape&) const = default;
};

// A height and a width; one number means both, as in PyTorch.
struct Pair {
  std::size_t height = 0, width = 0;  // pixels, or taps of a kernel

  constexpr Pair() = default;
  // One number for both.
  constexpr Pair(std::size_t both) : height(both), width(both) {}
  // Height, then width.
  constexpr Pair(std::size_t rows, std::size_t columns) : height(rows), width(columns) {}
  // height * width.
  constexpr std::size_t area() const { return height * width; }
  constexpr bool operator==(const Pair&) const = default;
};

// How many inputs a kernel spans along one axis.
constexpr std::size_t reach(std::size_t kernel, std::size_t dilation) {
  return kernel == 0 ? 0 : dilation * (kernel - 1) + 1;
}

// What a convolution or a pool sees of its input: a grid of kernel_size taps, `dilation` apart,
// moved by `stride` over the input with `padding` around it, and `extra_padding` more below it and
// on its right.
struct Window {
  // In pixels, as above; kernel_size in taps.
  Pair kernel_size, stride = 1, padding = 0, dilation = 1, extra_padding = 0;

  // Height and width of the input with its padding.
  constexpr Pair padded(Shape x) const {
    return {x.height + 2 * padding.height + extra_padding.height,
            x.width + 2 * padding.width + extra_padding.width};
  }
  // Positions along one axis (PyTorch's formula); 0 where the window doesn't fit.
  static constexpr std::size_t positions(std::size_t padded, std::size_t kernel, std::size_t stride,
                                         std::size_t dilation) {
    const std::size_t span = reach(kernel, dilation);
    return span == 0 || stride == 0 || padded < span ? 0 : (padded - span) / stride + 1;
  }
  // The shape of an output of so many channels for an input x; 0 high or wide where no window fits.
  constexpr Shape output(Shape x, std::size_t channels) const {
    const Pair p = padded(x);
    return {channels, positions(p.height, kernel_size.height, stride.height, dilation.height),
            positions(p.width, kernel_size.width, stride.width, dilation.width)};
  }
  constexpr bool operator==(const Window&) const = default;
};

}  // namespace etch
