// A body and a way around it: y = body(x) + shortcut(x). He et al. 2015,
// https://arxiv.org/abs/1512.03385
#pragma once
#include <etch/layers/join.hpp>

namespace etch {

// Internal: adds the end of a Residual.
constexpr Value lower_residual(Graph& g, Value body, Value shortcut) {
  const Shape y = body.shape, skip = shortcut.shape;
  const Problem problem =
      Rules()
          .equal(y.channels, skip.channels,
                 "Residual: body and shortcut must end in the same channels")
          .equal(y.height, skip.height, "Residual: body and shortcut must end in the same height")
          .equal(y.width, skip.width, "Residual: body and shortcut must end in the same width")
          .equal(body.layout.channels, shortcut.layout.channels,
                 "Residual: body and shortcut must both be flattened, or neither");
  if (!g.accepts(problem)) return body;
  return add_sum(g, body, shortcut, "Residual");
}

// y = body(x) + shortcut(x), of one shape. The body's parameters keep the names around them
// (torchvision's "layer1.0.conv1.weight"); those of the shortcut stand under "shortcut", or under
// its own name where it is Named.
template <Layer auto body, Layer auto shortcut = Identity{}>
struct Residual {
  constexpr Shape output(Shape x) const { return body.output(x); }
  constexpr Value lower(Graph& g, Value x) const {
    const Value y = add_layer(g, body, x);
    return lower_residual(g, y, lower_shortcut(g, shortcut, x));
  }
};

// Internal: the shortcut, under its name.
template <class L>
constexpr Value lower_shortcut(Graph& g, const L& shortcut, Value x) {
  const int outer = g.enter("shortcut");
  x = add_layer(g, shortcut, x);
  g.leave(outer);
  return x;
}
template <Text name, auto layer>
constexpr Value lower_shortcut(Graph& g, const Named<name, layer>& shortcut, Value x) {
  return add_layer(g, shortcut, x);
}

}  // namespace etch
