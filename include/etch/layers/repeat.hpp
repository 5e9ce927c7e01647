// The same block several times, each time with parameters of its own.
#pragma once
#include <etch/layer.hpp>

namespace etch {

// Stands for n copies of `block` in a Sequential, and is numbered so. The block keeps its input's
// shape.
template <std::size_t n, Layer auto block>
struct Repeat {
  constexpr Shape output(Shape x) const { return n == 0 ? x : block.output(x); }
};

template <std::size_t n, auto block, Repeat<n, block> layer, Shape input>
struct Module<layer, input> {
  static constexpr Shape after = layer.output(input);
  static_assert(Equal<after.channels, input.channels>,
                "Repeat: the block must keep the channels of its input");
  static_assert(Equal<after.height, input.height>,
                "Repeat: the block must keep the height of its input");
  static_assert(Equal<after.width, input.width>,
                "Repeat: the block must keep the width of its input");

  static constexpr int lower(Graph& g, int x, std::size_t index = 0) {
    for (std::size_t i = 0; i < n; ++i) {
      const int outer = g.enter(nullptr, index + i);
      x = Module<block, input>::lower(g, x);
      g.leave(outer);
    }
    return x;
  }
};

}  // namespace etch
