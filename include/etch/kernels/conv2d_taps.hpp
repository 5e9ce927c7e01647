// Which taps of a convolution connect which pixels.
//
// Output o meets input i at tap u of an axis where i = o * stride + u * dilation - padding. So the
// taps that meet an input are those of its class, which are the inputs equal to it modulo the
// stride; and within a class the input gradient is a convolution of stride 1 over dy.
#pragma once
#include <etch/kernels/conv_geometry.hpp>

#include <algorithm>
#include <cstddef>
#include <numeric>

namespace etch::kernels {

// Taps first, first + step... of one axis, `count` of them, as positions p = 0, 1... meet them:
// tap j of these is at p * stride + begin + j * move of a grid; it may lie outside.
struct AxisTaps {
  std::size_t first, step, count;
  std::ptrdiff_t stride, begin, move;

  // Whether any of so many positions finds tap j in a grid of this length.
  constexpr bool meets(std::size_t j, std::size_t positions, std::size_t length) const {
    const std::ptrdiff_t at = begin + static_cast<std::ptrdiff_t>(j) * move;
    return at < static_cast<std::ptrdiff_t>(length) &&
           at + static_cast<std::ptrdiff_t>(positions - 1) * stride >= 0;
  }
};

// An axis of a convolution.
struct ConvAxis {
  std::size_t inputs, outputs, kernel, stride, padding, dilation;

  static constexpr ConvAxis down(const ConvGeometry& g) {
    const Window& w = g.window;
    return {g.input.height,  g.output.height,  w.kernel_size.height,
            w.stride.height, w.padding.height, w.dilation.height};
  }
  static constexpr ConvAxis across(const ConvGeometry& g) {
    const Window& w = g.window;
    return {g.input.width,  g.output.width,  w.kernel_size.width,
            w.stride.width, w.padding.width, w.dilation.width};
  }

  // Of outputs, in the grid of inputs.
  constexpr AxisTaps forward() const {
    return {0,
            1,
            kernel,
            static_cast<std::ptrdiff_t>(stride),
            -static_cast<std::ptrdiff_t>(padding),
            static_cast<std::ptrdiff_t>(dilation)};
  }

  constexpr std::size_t classes() const { return std::min(stride, inputs); }
  // Inputs i, i + stride...
  constexpr std::size_t of_class(std::size_t i) const { return (inputs - i + stride - 1) / stride; }
  // Of the inputs of class i, in the grid of outputs; without those that meet only padding.
  constexpr AxisTaps backward(std::size_t i) const {
    const std::size_t shared = std::gcd(stride, dilation);
    const auto s = static_cast<std::ptrdiff_t>(stride);
    std::size_t u = 0;
    auto at = static_cast<std::ptrdiff_t>(i + padding);
    for (; u < kernel && at % s != 0; ++u) at -= static_cast<std::ptrdiff_t>(dilation);
    const std::size_t step = stride / shared;
    AxisTaps taps{u, step, 0, 1, at / s, -static_cast<std::ptrdiff_t>(dilation / shared)};
    std::size_t count = (kernel - u + step - 1) / step;
    for (; count > 0 && !taps.meets(0, of_class(i), outputs); --count) {
      taps.first += step;
      taps.begin += taps.move;
    }
    while (count > 0 && !taps.meets(count - 1, of_class(i), outputs)) --count;
    taps.count = count;
    return taps;
  }
  // The most taps of any class.
  constexpr std::size_t most_taps() const {
    std::size_t most = 0;
    for (std::size_t i = 0; i < classes(); ++i) most = std::max(most, backward(i).count);
    return most;
  }
};

// The taps of both axes.
struct Taps {
  AxisTaps down, across;

  constexpr std::size_t count() const { return down.count * across.count; }
};

constexpr Taps forward_taps(const ConvGeometry& g) {
  return {ConvAxis::down(g).forward(), ConvAxis::across(g).forward()};
}
// Of the pixels of x that are `first` modulo the stride.
constexpr Taps backward_taps(const ConvGeometry& g, Pair first) {
  return {ConvAxis::down(g).backward(first.height), ConvAxis::across(g).backward(first.width)};
}
constexpr std::size_t most_backward_taps(const ConvGeometry& g) {
  return ConvAxis::down(g).most_taps() * ConvAxis::across(g).most_taps();
}

}  // namespace etch::kernels
