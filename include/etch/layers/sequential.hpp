// Layers one after the other. PyTorch equivalent: torch.nn.Sequential
// https://pytorch.org/docs/stable/generated/torch.nn.Sequential.html
#pragma once
#include <etch/layer.hpp>
#include <etch/layers/named.hpp>
#include <etch/layers/repeat.hpp>

namespace etch {

// The parameters of the i-th layer are named "i.weight" and so on; a Named layer has its own
// name, and Repeat<n, block> counts as n layers.
template <Layer auto... layers>
struct Sequential {
  constexpr Shape output(Shape x) const {
    ((x = layers.output(x)), ...);
    return x;
  }
};

// What Residual takes for a shortcut that changes nothing.
using Identity = Sequential<>;

// One child of a Sequential, the index-th: lowered under its number.
template <auto child, Shape input>
struct Child {
  static constexpr std::size_t count = 1;
  static constexpr int lower(Graph& g, int x, std::size_t index) {
    const int outer = g.enter(nullptr, index);
    x = Module<child, input>::lower(g, x);
    g.leave(outer);
    return x;
  }
};

template <Text name, auto layer, Named<name, layer> child, Shape input>
struct Child<child, input> {
  static constexpr std::size_t count = 1;
  static constexpr int lower(Graph& g, int x, std::size_t) {
    return Module<child, input>::lower(g, x);
  }
};

template <std::size_t n, auto block, Repeat<n, block> child, Shape input>
struct Child<child, input> {
  static constexpr std::size_t count = n;
  static constexpr int lower(Graph& g, int x, std::size_t index) {
    return Module<child, input>::lower(g, x, index);
  }
};

template <Shape input, std::size_t index, auto first, auto... rest>
constexpr int lower_chain(Graph& g, int x) {
  using First = Child<first, input>;
  x = First::lower(g, x, index);
  if constexpr (sizeof...(rest) == 0) {
    return x;
  } else {
    return lower_chain<first.output(input), index + First::count, rest...>(g, x);
  }
}

template <auto... layers, Sequential<layers...> layer, Shape input>
struct Module<layer, input> {
  static constexpr int lower(Graph& g, int x) {
    if constexpr (sizeof...(layers) == 0) {
      return x;
    } else {
      return lower_chain<input, 0, layers...>(g, x);
    }
  }
};

}  // namespace etch
