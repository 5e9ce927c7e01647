// Which tile serves a number of rows and columns.
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
inline void run_columns(const Tiles& tiles, const Segments& segments, const TileWeights& weights,
                        std::size_t columns, const Destination& to) {
  const Tile tile = choose(tiles, segments.rows, columns);
  for (std::size_t c = 0; c < columns; c += tile.columns) {
    const std::size_t first = overlaps ? std::min(c, columns - tile.columns) : c;
    const TileColumns at{first, std::min(tile.columns, columns - first), c - first};
    tile.run(segments, weights, at, moved(to, 0, first));
  }
}

template <Block block>
HWY_INLINE void store(const Sums<block>& sums, const Segments& segments, const TileColumns& columns,
                      const Destination& to) {
  float values[Sums<block>::size];
  sums.store(values);
  store_sums(to, values, segments.rows, block.columns, columns.skip, columns.count);
}

}  // namespace etch::kernels::micro
