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
struct GradientBlocks {
  GradientBlock tall, low, single, line, narrow;
  // dbias, or what is added to it: the sums of dy over the runs' pixels, which follow each other.
  void (*bias)(const GradientBlocks&, const Runs&, float* dbias, std::size_t outputs, bool add);
};

// The tile of `rows` rows and `columns` columns that are left.
HWY_INLINE const GradientBlock& choose(const GradientBlocks& blocks, std::size_t rows,
                                       std::size_t columns) {
  if (overlaps && columns < blocks.tall.block.columns) return blocks.narrow;
  if (rows >= blocks.tall.block.rows) return blocks.tall;
  if (rows >= blocks.low.block.rows) return blocks.low;
  if (overlaps && columns < blocks.single.block.columns) return blocks.line;
  return blocks.single;
}

// Rows of the gradient of one panel.
struct GradientRows {
  float* dweight;  // of the first
  std::size_t rows, width;
  bool add;  // to what is there
};

// Runs the tiles of all rows and columns.
inline HWY_NOINLINE void gradient_tiles(const GradientBlocks& blocks, const Runs& runs,
                                        const GradientRows& g) {
  for (std::size_t i = 0; i < g.rows;) {
    const GradientBlock& tile = choose(blocks, g.rows - i, g.width);
    const std::size_t rows = std::min(tile.block.rows, g.rows - i), columns = tile.block.columns;
    for (std::size_t o = 0; o < g.width; o += columns) {
      float* dweight = g.dweight + i * g.width;
      tile.run(runs, i, rows, columns_at(o, g.width, columns),
               {dweight, g.width, {.skip = g.add ? dweight : nullptr}});
    }
    i += rows;
  }
}

// The bias is the row of an input that is always 1.
inline HWY_NOINLINE void bias_by_tiles(const GradientBlocks& blocks, const Runs& runs, float* dbias,
                                       std::size_t outputs, bool add) {
  static constexpr float one = 1;
  Run run{&one, runs.begin[0].dy};
  gradient_tiles(blocks, {&run, 1, runs.pixels, 0, runs.dy_stride}, {dbias, 1, outputs, add});
}
// Where nothing else needs tiles of one row.
inline HWY_NOINLINE void bias_by_loop(const GradientBlocks&, const Runs& runs, float* dbias,
                                      std::size_t outputs, bool add) {
  for (std::size_t o = 0; o < outputs; ++o) {
    const float* dy = runs.begin[0].dy + o;
    float sum = 0;
    for (std::size_t left = runs.pixels; left != 0; --left, dy += runs.dy_stride) sum += *dy;
    dbias[o] = add ? dbias[o] + sum : sum;
  }
}

// With Helium the bias needs tiles of one row.
constexpr bool all_are_tall(const TileUse& use) { return use.rows == Rows::whole && overlaps; }
// The blocks that a use needs, in the place of the others too.
constexpr Shapes needed(const TileUse& use, Shapes shapes) {
  if (use.columns >= shapes.tall.columns) shapes.narrow = shapes.tall;
  if (all_are_tall(use)) shapes.low = shapes.single = shapes.tall;
  return shapes;
}
template <Shapes s, Block line, auto* bias>
inline constexpr GradientBlocks blocks_of{gradient_block<s.tall>,   gradient_block<s.low>,
                                          gradient_block<s.single>, gradient_block<line>,
                                          gradient_block<s.narrow>, bias};
template <TileUse use, bool tall_only = all_are_tall(use)>
inline constexpr const GradientBlocks& gradient_blocks =
    blocks_of<needed(use, gradient_shapes), tall_only ? gradient_shapes.tall : gradient_line,
              tall_only ? bias_by_loop : bias_by_tiles>;

}  // namespace etch::kernels::micro
