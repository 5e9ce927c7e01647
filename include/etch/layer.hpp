// What a layer is: a structural value that knows the shape it makes of a shape, and adds itself to
// a graph. The same functions serve the compiler and a network that is read from a file.
#pragma once
#include <etch/graph.hpp>

#include <concepts>

namespace etch {

// A structural value with output() and lower(). output() never fails: for a shape that doesn't fit
// it returns an unspecified shape, and check() reports the error; and where named values are used
// (layers/saved.hpp) it doesn't know theirs. lower() adds the layer's ops, parameters and buffers,
// and returns its output. Both are constexpr for a network that the compiler makes. Start from
// layers/relu.hpp (no parameters) or layers/linear.hpp (with).
template <class T>
concept Layer = requires(const T layer, Shape shape, Graph& g, Value x) {
  { layer.output(shape) } -> std::same_as<Shape>;
  { layer.lower(g, x) } -> std::same_as<Value>;
};

// A layer that says what it takes. It has `constexpr Problem check(Value x) const`: why it can't
// take x.
template <class T>
concept Checked = requires(const T layer, Value x) {
  { layer.check(x) } -> std::same_as<Problem>;
};

// Adds a layer that can take x, once and for all places that add one. In a graph that has been
// refused nothing is added.
template <class L>
constexpr Value add_layer(Graph& g, const L& layer, Value x) {
  if (g.refused()) return x;
  if constexpr (Checked<L>) {
    if (!g.accepts(layer.check(x))) return x;
  }
  return layer.lower(g, x);
}

// Adds the input and then a network; returns the output.
template <class L>
constexpr Value add_network(Graph& g, const L& net, Shape input) {
  const Value y = add_layer(g, net, g.input(input));
  g.check_kept(y.id);
  return y;
}

// Adds a layer under a number: `index`, which is then the next one.
template <class L>
constexpr Value lower_numbered(Graph& g, const L& layer, Value x, std::size_t& index) {
  const int outer = g.enter(index++);
  x = add_layer(g, layer, x);
  g.leave(outer);
  return x;
}

// Comparisons for static_asserts: compilers print both numbers of a concept that fails.
template <auto a, auto b>
concept Equal = (a == b);
// The same of a <= b.
template <auto a, auto b>
concept AtMost = (a <= b);
// The same of a >= b.
template <auto a, auto b>
concept AtLeast = (a >= b);

}  // namespace etch
