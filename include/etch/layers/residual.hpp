// A body and a way around it: y = body(x) + shortcut(x). He et al. 2015,
// https://arxiv.org/abs/1512.03385
#pragma once
#include <etch/kernels/elementwise.hpp>
#include <etch/layers/sequential.hpp>

namespace etch {

// The body's parameters keep the names around them (torchvision's "layer1.0.conv1.weight"); those
// of the shortcut stand under "shortcut", or under its own name where it is Named.
template <Layer auto body, Layer auto shortcut = Identity{}>
struct Residual {
  constexpr Shape output(Shape x) const { return body.output(x); }
};

template <auto layer>
inline constexpr bool is_named = false;
template <Text name, auto layer, Named<name, layer> named>
inline constexpr bool is_named<named> = true;

template <auto body, auto shortcut, Residual<body, shortcut> layer, Shape input>
struct Module<layer, input> {
  static constexpr Shape main = body.output(input), skip = shortcut.output(input);
  static_assert(Equal<main.channels, skip.channels>,
                "Residual: body and shortcut must end in the same channels");
  static_assert(Equal<main.height, skip.height>,
                "Residual: body and shortcut must end in the same height");
  static_assert(Equal<main.width, skip.width>,
                "Residual: body and shortcut must end in the same width");

  static void forward(const Call& c) {
    kernels::add({c.batch * main.elements(), c.threads, c.x, c.skip, c.y});
  }
  static constexpr int lower(Graph& g, int x) {
    const int y = Module<body, input>::lower(g, x);
    const int outer = is_named<shortcut> ? none : g.enter("shortcut");
    const int around = Module<shortcut, input>::lower(g, x);
    if (!is_named<shortcut>) g.leave(outer);
    // No backward: both inputs take the output's gradient as it is.
    return g.add({.kind = "Residual", .forward = forward, .x = y, .skip = around, .in_place = true},
                 main);
  }
};

}  // namespace etch
