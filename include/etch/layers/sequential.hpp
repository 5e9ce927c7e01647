// Layers one after the other. PyTorch equivalent: torch.nn.Sequential
// https://pytorch.org/docs/stable/generated/torch.nn.Sequential.html
#pragma once
#include <etch/layer.hpp>
#include <etch/layers/named.hpp>
#include <etch/layers/repeat.hpp>

namespace etch {

// Internal: one child of a Sequential, the index-th, under its number.
template <class L>
constexpr Value lower_child(Graph& g, const L& child, Value x, std::size_t& index) {
  return lower_numbered(g, child, x, index);
}
template <Text name, auto layer>
constexpr Value lower_child(Graph& g, const Named<name, layer>& child, Value x,
                            std::size_t& index) {
  ++index;
  return add_layer(g, child, x);
}
template <std::size_t n, auto block>
constexpr Value lower_child(Graph& g, const Repeat<n, block>& child, Value x, std::size_t& index) {
  return g.refused() ? x : child.lower_copies(g, x, index);
}

// One layer after the other. PyTorch equivalent: torch.nn.Sequential
// https://pytorch.org/docs/stable/generated/torch.nn.Sequential.html
// The parameters of the i-th layer are named "i.weight" and so on; a Named layer has its own
// name, and Repeat<n, block> counts as n layers.
template <Layer auto... layers>
struct Sequential {
  constexpr Shape output(Shape x) const {
    ((x = layers.output(x)), ...);
    return x;
  }
  constexpr Value lower(Graph& g, Value x) const {
    [[maybe_unused]] std::size_t index = 0;
    ((x = lower_child(g, layers, x, index)), ...);
    return x;
  }
};

// What Residual takes for a shortcut that changes nothing.
using Identity = Sequential<>;

}  // namespace etch
