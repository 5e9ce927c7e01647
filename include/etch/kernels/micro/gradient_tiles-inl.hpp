// Tiles of a weight gradient, and which of them serves a number of rows and columns.
#pragma once
#include <etch/kernels/micro/runs.hpp>
#include <etch/kernels/micro/tiles-inl.hpp>

#include <algorithm>

namespace etch::kernels::micro {

template <Block block>
HWY_NOINLINE void gradient_tile(const Runs& runs, std::size_t i, std::size_t rows,
                                const TileColumns& o, const Destination& to) {
  Sums<block> sums;
  for (const Run *r = runs.begin, *end = r + runs.size; r != end; ++r) {
    sums.pixels(r->x + i, runs.x_stride, r->dy + o.first, runs.dy_stride, runs.pixels, o.count);
  }
  store(sums, rows, o, to);
}

struct GradientBlock {
  void (*run)(const Runs&, std::size_t i, std::size_t rows, const TileColumns&, const Destination&);
  Block block;
};
template <Block block>
inline constexpr GradientBlock gradient_block{gradient_tile<block>, block};

// The tile of `rows` rows and `columns` columns that are left.
HWY_INLINE const GradientBlock& gradient_block_of(std::size_t rows, std::size_t columns) {
  constexpr Shapes s = gradient_shapes;
  if (overlaps && columns < s.tall.columns) return gradient_block<s.narrow>;
  if (rows >= s.tall.rows) return gradient_block<s.tall>;
  if (rows >= s.low.rows) return gradient_block<s.low>;
  if (overlaps && columns < s.single.columns) return gradient_block<gradient_line>;
  return gradient_block<s.single>;
}

// Rows of the gradient of one panel.
struct GradientRows {
  float* dweight;  // of the first
  std::size_t rows, width;
  bool add;  // to what is there
};

// Runs the tiles of all rows and columns.
inline HWY_NOINLINE void gradient_tiles(const Runs& runs, const GradientRows& g) {
  for (std::size_t i = 0; i < g.rows;) {
    const std::size_t left = g.rows - i;
    std::size_t rows = 0;
    for (std::size_t o = 0; o < g.width;) {
      const GradientBlock& tile = gradient_block_of(left, g.width);
      rows = std::min(tile.block.rows, left);
      const std::size_t columns = tile.block.columns;
      const std::size_t first = overlaps ? std::min(o, g.width - columns) : o;
      const TileColumns across{first, std::min(columns, g.width - first), o - first};
      float* dweight = g.dweight + i * g.width + first;
      tile.run(runs, i, rows, across, {dweight, g.width, {.skip = g.add ? dweight : nullptr}});
      o = first + columns;
    }
    i += rows;
  }
}

// dbias over the runs' pixels, which is the row of an input that is always 1. The runs follow each
// other.
inline HWY_NOINLINE void bias_gradient(const Runs& runs, float* dbias, std::size_t outputs,
                                       bool add) {
  static constexpr float one = 1;
  Run run{&one, runs.begin[0].dy};
  gradient_tiles({&run, 1, runs.pixels, 0, runs.dy_stride}, {dbias, 1, outputs, add});
}

}  // namespace etch::kernels::micro
