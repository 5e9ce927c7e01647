// Tiles of y and of dx, and which of them serves a number of rows and columns.
#pragma once
#include <etch/kernels/micro/segments.hpp>
#include <etch/kernels/micro/store-inl.hpp>
#include <etch/kernels/micro/tile_use.hpp>

#include <algorithm>

namespace etch::kernels::micro {

// The weights of a group, or of one of its panels, and how wide it is; `rows` of an output.
struct TileWeights {
  const float* first;
  std::size_t width, rows;
};

// The tile of `width` columns that does column c of `columns`.
HWY_INLINE TileColumns columns_at(std::size_t c, std::size_t columns, std::size_t width) {
  if (!overlaps) return {c, std::min(width, columns - c), 0, width};
  const std::size_t first = std::min(c, columns - width);
  return {first, width, c - first, width};
}

struct Tile {
  void (*run)(const Segments&, const TileWeights&, const TileColumns&, const Destination&);
  std::size_t columns;
};
struct Tiles {
  Tile tall, low, single, narrow;
};

// Those that are needed, in the place of the others too.
constexpr Tiles needed(const TileUse& use, Tiles tiles) {
  if (use.columns >= tiles.tall.columns) tiles.narrow = tiles.tall;
  if (use.rows == Rows::whole) tiles.low = tiles.single = tiles.tall;
  if (use.rows != Rows::one) return tiles;
  if (use.columns >= tiles.single.columns) tiles.low = tiles.single;
  tiles.tall = tiles.low;
  return tiles;
}

HWY_INLINE const Tile& choose(const Tiles& tiles, std::size_t rows, std::size_t columns) {
  if (!overlaps) return rows > 1 ? tiles.tall : tiles.single;
  if (rows == 1 && columns >= tiles.single.columns) return tiles.single;
  if (columns < tiles.tall.columns) return tiles.narrow;
  return rows > 2 ? tiles.tall : tiles.low;
}

// Runs a tile of pixels over all columns.
inline HWY_NOINLINE void run_columns(const Tiles& tiles, const Segments& segments,
                                     const TileWeights& weights, std::size_t columns,
                                     const Destination& to) {
  const Tile tile = choose(tiles, segments.rows, columns);
  for (std::size_t c = 0; c < columns; c += tile.columns) {
    tile.run(segments, weights, columns_at(c, columns, tile.columns), to);
  }
}

// A whole tile of sums that nothing becomes of goes to memory as it is.
template <Block block>
HWY_INLINE void store(const Sums<block>& sums, std::size_t rows, const TileColumns& columns,
                      const Destination& to) {
  const bool whole =
      !small_code && rows == block.rows && columns.count == block.columns && columns.skip == 0;
  if (block.rows > 1 && whole && is_plain(to)) {
    return sums.store(to.y + columns.first, to.stride);
  }
  float values[Sums<block>::size];
  sums.store(values);
  store_sums(to, values, rows, columns);
}

template <Block block>
HWY_NOINLINE void forward_tile(const Segments& segments, const TileWeights& weights,
                               const TileColumns& columns, const Destination& to) {
  const std::size_t width = weights.width, count = columns.count;
  const float* first = weights.first + columns.first;
  Sums<block> sums;
  for (const Segment *s = segments.begin, *end = s + segments.size; s != end; ++s) {
    sums.outer(s->row, first + s->k * width, width, s->length, count);
  }
  store(sums, segments.rows, columns, to);
}

// A panel of the outputs that a gradient to the input is summed over, and a segment of its pixels.
struct PanelOf {
  std::size_t o = 0, width;
  const float* first;
  const Segment* segment;
};
// Tells the compiler that others may read and write it: with -Os the innermost loop's pointers
// would else not have the registers.
HWY_INLINE void stay_in_memory(PanelOf& p) {
  if (small_code) asm volatile("" : : "r"(&p) : "memory");
}

// dx = sum of dy * weight: both lie along the outputs, panel by panel.
template <Block block>
HWY_NOINLINE void backward_tile(const Segments& segments, const TileWeights& weights,
                                const TileColumns& columns, const Destination& to) {
  const std::size_t count = columns.count;
  PanelOf p;
  Sums<block> sums;
  for (; p.o < weights.width; p.o += panel) {
    p.width = std::min(panel, weights.width - p.o);
    p.first = weights.first + p.o * weights.rows + columns.first * p.width;
    for (p.segment = segments.begin; p.segment != segments.begin + segments.size; ++p.segment) {
      stay_in_memory(p);
      const Segment& s = *p.segment;
      sums.dot(s.row, p.o, p.first + s.k * p.width, p.width, p.width, count);
    }
  }
  store(sums, segments.rows, columns, to);
}

// Columns of forward tiles are outputs of a panel, those of backward tiles a group's inputs.
template <Block block>
inline constexpr Tile forward_tile_of{forward_tile<block>, block.columns};
template <Block block>
inline constexpr Tile backward_tile_of{backward_tile<block>, block.columns};
template <TileUse use>
inline constexpr Tiles forward_tiles = needed(use, {forward_tile_of<forward_shapes.tall>,
                                                    forward_tile_of<forward_shapes.low>,
                                                    forward_tile_of<forward_shapes.single>,
                                                    forward_tile_of<forward_shapes.narrow>});
template <TileUse use>
inline constexpr Tiles backward_tiles = needed(use, {backward_tile_of<backward_shapes.tall>,
                                                     backward_tile_of<backward_shapes.low>,
                                                     backward_tile_of<backward_shapes.single>,
                                                     backward_tile_of<backward_shapes.narrow>});

}  // namespace etch::kernels::micro
