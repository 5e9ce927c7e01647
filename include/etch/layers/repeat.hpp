// The same block several times, each time with parameters of its own.
#pragma once
#include <etch/layer.hpp>

namespace etch {

// Internal: of a block that makes `after` of `before`.
constexpr Problem repeat_problem(Shape before, Shape after) {
  return Rules()
      .equal(after.channels, before.channels,
             "Repeat: the block must keep the channels of its input")
      .equal(after.height, before.height, "Repeat: the block must keep the height of its input")
      .equal(after.width, before.width, "Repeat: the block must keep the width of its input");
}

// n copies of a block, one after the other. It stands for n layers in a Sequential, and is numbered
// so. The block keeps its input's shape.
template <std::size_t n, Layer auto block>
struct Repeat {
  constexpr Shape output(Shape x) const { return n == 0 ? x : block.output(x); }
  constexpr Value lower(Graph& g, Value x) const {
    std::size_t index = 0;
    return lower_copies(g, x, index);
  }
  // The copies are numbered from `index` on.
  constexpr Value lower_copies(Graph& g, Value x, std::size_t& index) const {
    for (std::size_t i = 0; i < n; ++i) {
      const Value y = lower_numbered(g, block, x, index);
      if (!g.accepts(repeat_problem(x.shape, y.shape))) break;
      x = y;
    }
    return x;
  }
};

}  // namespace etch
