// A thread's tables of tiles, and the run of all of them over panels of weights.
#if defined(ETCH_TILE_TABLES_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ETCH_TILE_TABLES_INL_HPP
#undef ETCH_TILE_TABLES_INL_HPP
#else
#define ETCH_TILE_TABLES_INL_HPP
#endif

#include <etch/kernels/conv2d_scratch.hpp>
#include <etch/kernels/typed.hpp>

#include <etch/kernels/gemm_tile-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace etch::kernels::HWY_NAMESPACE {

// A thread's tables: for each tile its rows, its segments, and padded copies of the input.
struct Tables {
  std::byte* at;
  std::size_t bytes, segments_of_tile;

  TileRows& rows(std::size_t i) const { return *typed<TileRows>(at + i * bytes); }
  Segment* segments(std::size_t i) const {
    return typed<Segment>(at + i * bytes + sizeof(TileRows));
  }
  float* padded(std::size_t i) const {
    return reinterpret_cast<float*>(segments(i) + segments_of_tile);
  }
};

// Builds tiles of the rows from `first` on up to `end`, at most `most`; `first` is then the row
// after them. All that share a run of rows are about as high: a tile of few rows is slow. Returns
// how many they are.
template <class Rows>
HWY_INLINE std::size_t build_tiles(const Rows& rows, const Tables& tables, std::size_t& first,
                                   std::size_t end, std::size_t most) {
  std::size_t tiles = 0;
  for (; first < end && tiles < most; ++tiles) {
    const std::size_t run = std::min(end - first, rows.together(first));
    const std::size_t count = run / ((run + max_rows - 1) / max_rows);
    rows.build(first, count, tables, tiles);
    first += count;
  }
  return tiles;
}

// Runs the tiles over some columns of panels of k rows; where these are narrow enough chain by
// chain, so that what a chain reads of the weights stays in the first-level cache for all of them.
// Together they ask for the weights that come next: the following chain's, or columns'.
HWY_INLINE void run_columns(const Tables& tables, std::size_t tiles, const Columns& columns,
                            std::size_t vectors, bool partial, std::size_t k,
                            const TileOutput& out) {
  TileSums sums[block_tiles];
  const bool chain_by_chain = vectors * vector_lanes <= tile_columns;
  const std::size_t together = chain_by_chain ? tiles : 1;
  Columns at = columns;
  at.ahead_step = std::min(panel, (vectors * vector_lanes + tiles - 1) / tiles);
  for (std::size_t first = 0; first < tiles; first += together) {
    for (std::size_t t = first; t < first + together; ++t) sums[t].place = {0, 0, false};
    for (std::size_t block = 0; block * chain < k; ++block) {
      for (std::size_t t = first; t < first + together; ++t) {
        const Segment* segments = tables.segments(t);
        const TileSums::Place& next = sums[t].place;
        const bool is_due = next.segment < tables.rows(t).num_segments
                                ? (segments[next.segment].k + next.begin) / chain == block
                                : block == 0;
        if (!is_due) continue;
        const std::size_t row = block * chain;
        at.ahead = chain_by_chain
                       ? at.weight[0] + (row + chain) * at.row_stride + t * chain * at.ahead_step
                       : columns.ahead + (t * k + row) * at.ahead_step;
        run_tile(tables.rows(t), segments, at, vectors, partial, out, sums[t]);
      }
    }
  }
}

// Runs the tiles over the columns [begin, end) of a group of `outputs` channels whose weights are
// panels of k rows.
HWY_INLINE void run_tiles(const Tables& tables, std::size_t tiles, const float* weight,
                          std::size_t k, std::size_t outputs, std::size_t begin, std::size_t end,
                          const TileOutput& out) {
  const auto run = [&](auto widest) HWY_ATTR {
    for_columns<widest, true>(weight, k, outputs, begin, end,
                              [&](Columns columns, std::size_t vectors, bool partial) HWY_ATTR {
                                // Past the end lie the weights that are used next.
                                const std::size_t next = columns.first + vectors * vector_lanes;
                                columns.ahead = weight + next / panel * panel * k;
                                run_columns(tables, tiles, columns, vectors, partial, k, out);
                              });
  };
  // A tile's weights serve the next tile too: they must stay in a core's second-level cache.
  constexpr std::size_t cache = 640 * 1024;
  if (tiles == 1 && tables.rows(0).num_rows == 1) {
    run(std::integral_constant<std::size_t, line_vectors>());
  } else if (k * wide_vectors * vector_lanes * sizeof(float) <= cache) {
    run(std::integral_constant<std::size_t, wide_vectors>());
  } else {
    run(std::integral_constant<std::size_t, tile_vectors>());
  }
}

}  // namespace etch::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
