// Tiles of y and of dx, and which of them serves a number of rows and columns.
#pragma once
#include <etch/kernels/micro/segments.hpp>
#include <etch/kernels/micro/store-inl.hpp>

#include <algorithm>

namespace etch::kernels::micro {

// A tile's columns: `count` from `first` on, of which the first `skip` were stored by another tile.
struct TileColumns {
  std::size_t first, count, skip;
};

// The weights of a group, or of one of its panels, and how wide it is.
struct TileWeights {
  const ConvGeometry& geometry;
  const float* first;
  std::size_t width;
};

struct Tile {
  void (*run)(const Segments&, const TileWeights&, const TileColumns&, const Destination&);
  std::size_t columns;
};
struct Tiles {
  Tile tall, low, single, narrow;
};

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
    const std::size_t first = overlaps ? std::min(c, columns - tile.columns) : c;
    const TileColumns at{first, std::min(tile.columns, columns - first), c - first};
    tile.run(segments, weights, at, moved(to, 0, first));
  }
}

// A whole tile of sums that nothing becomes of goes to memory as it is.
template <Block block>
HWY_INLINE void store(const Sums<block>& sums, std::size_t rows, const TileColumns& columns,
                      const Destination& to) {
  const Epilogue& e = to.epilogue;
  const bool whole =
      !small_code && rows == block.rows && columns.count == block.columns && columns.skip == 0;
  if (block.rows > 1 && whole && e.scale == nullptr && e.shift == nullptr && e.skip == nullptr &&
      !e.relu) {
    return sums.store(to.y, to.stride);
  }
  float values[Sums<block>::size];
  sums.store(values);
  store_sums(to, values, rows, block.columns, columns.skip, columns.count);
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
  std::size_t o, width;
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
  const ConvGeometry& g = weights.geometry;
  const std::size_t k = g.taps() * g.inputs(), count = columns.count;
  PanelOf p{};
  Sums<block> sums;
  for (; p.o < weights.width; p.o += panel) {
    p.width = std::min(panel, weights.width - p.o);
    p.first = weights.first + p.o * k + columns.first * p.width;
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
inline constexpr Tiles forward_tiles{
    forward_tile_of<forward_shapes.tall>, forward_tile_of<forward_shapes.low>,
    forward_tile_of<forward_shapes.single>, forward_tile_of<forward_shapes.narrow>};
inline constexpr Tiles backward_tiles{
    backward_tile_of<backward_shapes.tall>, backward_tile_of<backward_shapes.low>,
    backward_tile_of<backward_shapes.single>, backward_tile_of<backward_shapes.narrow>};

}  // namespace etch::kernels::micro
