// Borders around an image. PyTorch equivalents: torch.nn.ZeroPad2d, ReflectionPad2d,
// ReplicationPad2d
// https://pytorch.org/docs/stable/generated/torch.nn.ZeroPad2d.html
#pragma once
#include <etch/layers/resampling.hpp>

namespace etch {

// So many columns on the left and on the right, and rows above and below; one number means all, as
// in PyTorch, whose order this is.
struct Sides {
  std::size_t left = 0, right = 0, top = 0, bottom = 0;  // pixels

  // None.
  constexpr Sides() = default;
  // As many on each side.
  constexpr Sides(std::size_t all) : left(all), right(all), top(all), bottom(all) {}
  // In PyTorch's order.
  constexpr Sides(std::size_t on_left, std::size_t on_right, std::size_t above, std::size_t below)
      : left(on_left), right(on_right), top(above), bottom(below) {}
  // The shape of x with them.
  constexpr Shape around(Shape x) const {
    return {x.channels, x.height + top + bottom, x.width + left + right};
  }
  // The same on all sides.
  constexpr bool operator==(const Sides&) const = default;
};

// The image with zeros around it. (Before a convolution its own padding is cheaper, where that is
// the same on both sides.)
struct ZeroPad2d {
  Sides padding{};  // pixels

  static constexpr const char* name = "ZeroPad2d";
  static constexpr void fields(auto& l, const auto& visit) { visit("padding", l.padding); }
  constexpr Shape output(Shape x) const { return padding.around(x); }
  constexpr Problem check(Value x) const {
    return Rules().equal(x.shape.channels, x.layout.channels,
                         "ZeroPad2d: the input must be an image: it was flattened");
  }
  constexpr Value lower(Graph& g, Value x) const {
    return Resampling{kernels::Sampling::zeros, {padding.top, padding.left}}.lower(g, x, name,
                                                                                   output(x.shape));
  }
};

// The image with what a mirror at its border shows: the border itself is there once.
struct ReflectionPad2d {
  Sides padding{};  // pixels

  static constexpr const char* name = "ReflectionPad2d";
  static constexpr void fields(auto& l, const auto& visit) { visit("padding", l.padding); }
  constexpr Shape output(Shape x) const { return padding.around(x); }
  constexpr Problem check(Value x) const {
    return Rules()
        .at_most(padding.top + 1, x.shape.height,
                 "ReflectionPad2d: padding must be less than the height of the input")
        .at_most(padding.bottom + 1, x.shape.height,
                 "ReflectionPad2d: padding must be less than the height of the input")
        .at_most(padding.left + 1, x.shape.width,
                 "ReflectionPad2d: padding must be less than the width of the input")
        .at_most(padding.right + 1, x.shape.width,
                 "ReflectionPad2d: padding must be less than the width of the input")
        .equal(x.shape.channels, x.layout.channels,
               "ReflectionPad2d: the input must be an image: it was flattened");
  }
  constexpr Value lower(Graph& g, Value x) const {
    return Resampling{kernels::Sampling::reflect, {padding.top, padding.left}}.lower(
        g, x, name, output(x.shape));
  }
};

// The image with its border repeated.
struct ReplicationPad2d {
  Sides padding{};  // pixels

  static constexpr const char* name = "ReplicationPad2d";
  static constexpr void fields(auto& l, const auto& visit) { visit("padding", l.padding); }
  constexpr Shape output(Shape x) const { return padding.around(x); }
  constexpr Problem check(Value x) const {
    return Rules().equal(x.shape.channels, x.layout.channels,
                         "ReplicationPad2d: the input must be an image: it was flattened");
  }
  constexpr Value lower(Graph& g, Value x) const {
    return Resampling{kernels::Sampling::replicate, {padding.top, padding.left}}.lower(
        g, x, name, output(x.shape));
  }
};

}  // namespace etch
