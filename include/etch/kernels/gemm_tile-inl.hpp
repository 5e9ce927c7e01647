// The micro-kernels: a tile of sums that stays in registers while products stream through it.
#if defined(ETCH_GEMM_TILE_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ETCH_GEMM_TILE_INL_HPP
#undef ETCH_GEMM_TILE_INL_HPP
#else
#define ETCH_GEMM_TILE_INL_HPP
#endif

#include <hwy/cache_control.h>
#include <hwy/highway.h>
#include <etch/kernels/conv2d.hpp>

#include <algorithm>
#include <type_traits>
#include <utility>

HWY_BEFORE_NAMESPACE();
namespace etch::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// A vector is never longer than a panel of weights.
using Lanes16 = hn::CappedTag<float, panel>;
inline constexpr std::size_t vector_lanes = hn::MaxLanes(Lanes16());

// The columns that are left at the end of a panel: one vector whose other lanes are masked off,
// or, where masked-off lanes may still fault, one column after the other. AVX2's masked moves don't
// fault, though Highway promises it for no type of theirs because there are none of bytes.
#if HWY_MEM_OPS_MIGHT_FAULT && HWY_TARGET != HWY_AVX2
inline constexpr bool has_masks = false;
using PartialTag = hn::CappedTag<float, 1>;
#else
inline constexpr bool has_masks = vector_lanes > 1;
using PartialTag = Lanes16;
#endif
template <bool partial>
using Tag = std::conditional_t<partial, PartialTag, Lanes16>;
template <bool partial>
using Vector = hn::Vec<Tag<partial>>;

// Sums of the widest tile: vectors across and rows down. Each step loads `tile_vectors` vectors of
// weights and one broadcast a row, so rows * vectors products share rows + vectors loads; with
// them the sums must fit the registers (16 on SSE and AVX2; 32 on AVX-512, NEON and in scalar
// FPUs), and be at least 8 to cover the latency of the multiply-add.
// A table's tile has max_rows. Of more than `most_rows` the row pointers don't fit the registers:
// it is run as two halves, and where there are columns enough these are wide.
#if HWY_TARGET == HWY_SCALAR
inline constexpr std::size_t tile_vectors = 4, max_rows = 4, wide_vectors = 4;
#elif HWY_TARGET <= HWY_AVX3
inline constexpr std::size_t tile_vectors = 2, max_rows = 12, wide_vectors = 4;
#elif HWY_ARCH_ARM_A64
inline constexpr std::size_t tile_vectors = 4, max_rows = 6, wide_vectors = 4;
#else
inline constexpr std::size_t tile_vectors = 2, max_rows = 6, wide_vectors = 2;
#endif
// A single row would wait for its own sums: it takes as many columns as cover the latency.
inline constexpr std::size_t line_vectors = 8;
template <std::size_t vectors>
inline constexpr std::size_t most_rows = std::min(max_rows, vectors > 2 ? std::size_t{6} : 8);
static_assert(max_rows <= tile_rows && max_rows <= 2 * most_rows<wide_vectors>);
static_assert(vector_lanes * tile_vectors <= tile_columns);

// Where the columns of a tile are: `vectors` vectors of weights, each with its own start and all
// with the same distance between rows.
struct Columns {
  const float* weight[line_vectors];
  std::size_t row_stride;
  std::size_t count;       // lanes of the last vector that exist
  std::size_t first;       // column of the output
  const float* ahead;      // weights to ask for: a product of a chain asks for one line, and the
  std::size_t ahead_step;  // next one for that so many floats further
};

struct TileOutput {
  float* y;            // row r of the tile begins at y + pixel[r] * stride
  std::size_t stride;  // floats between pixels
  Epilogue epilogue;   // scale and shift of column 0; skip as y
  bool accumulate;     // sums begin with y
};

template <bool partial>
HWY_INLINE Vector<partial> load(const float* p, std::size_t count) {
  const Tag<partial> d;
  if constexpr (partial && has_masks) return hn::MaskedLoad(hn::FirstN(d, count), d, p);
  return hn::LoadU(d, p);
}
template <bool partial>
HWY_INLINE void store(Vector<partial> v, float* p, std::size_t count) {
  const Tag<partial> d;
  if constexpr (partial && has_masks) {
    hn::BlendedStore(v, hn::FirstN(d, count), d, p);
  } else {
    hn::StoreU(v, d, p);
  }
}

// What a tile's sums become before they are stored; row r lies at to[r] in y and skip.
template <std::size_t vectors, bool partial, std::size_t... i>
HWY_INLINE void finish(Vector<partial>* HWY_RESTRICT sum, const TileOutput& out,
                       const std::size_t* to, const Columns& columns, std::index_sequence<i...>) {
  constexpr std::size_t step = vector_lanes;
  const Epilogue& e = out.epilogue;
  const auto at = [&](const float* p, std::size_t k)
                      HWY_ATTR { return load<partial>(p + k % vectors * step, columns.count); };
  if (out.accumulate) ((sum[i] = hn::Add(at(out.y + to[i / vectors], i), sum[i])), ...);
  if (e.scale != nullptr) ((sum[i] = hn::Mul(sum[i], at(e.scale + columns.first, i))), ...);
  if (e.shift != nullptr) ((sum[i] = hn::Add(sum[i], at(e.shift + columns.first, i))), ...);
  if (e.skip != nullptr) ((sum[i] = hn::Add(sum[i], at(e.skip + to[i / vectors], i))), ...);
  if (e.relu) ((sum[i] = hn::Max(sum[i], hn::Zero(Tag<partial>()))), ...);
}

// Products that are summed in one chain. Longer sums are sums of such chains: the rounding error
// of a float sum grows with the square root of its length, and this keeps it at LibTorch's level.
// Where a chain ends depends on the weight's row alone, so an image's result doesn't depend on
// its batch.
inline constexpr std::size_t chain = 256;

// The chains of a tile that are done, added up: `any`, once there are some.
template <bool partial>
struct Chains {
  float* total;
  bool any;

  HWY_INLINE void add(std::size_t i, Vector<partial> sum) const {
    const Tag<partial> d;
    float* at = total + i * vector_lanes;
    hn::StoreU(any ? hn::Add(hn::LoadU(d, at), sum) : sum, d, at);
  }
  HWY_INLINE Vector<partial> with(std::size_t i, Vector<partial> sum) const {
    return any ? hn::Add(hn::LoadU(Tag<partial>(), total + i * vector_lanes), sum) : sum;
  }
};

// A table's tile whose products are being summed, a chain at a time.
struct TileSums {
  struct Place {
    std::size_t segment, begin;  // of the next product
    bool any;                    // chains are done
  } place;
  HWY_ALIGN float total[max_rows * wide_vectors * vector_lanes];
};

// Asks for what the sums will be added to or stored in. Rows are often a page apart, where no
// hardware looks ahead, and each would be waited for.
template <std::size_t vector>
HWY_INLINE void ask_for(std::size_t pixel, const Columns& columns, const TileOutput& out) {
  constexpr std::size_t line = 64 / sizeof(float);
  if constexpr (vector * vector_lanes % line == 0) {
    const float* from = out.epilogue.skip != nullptr ? out.epilogue.skip : out.y;
    hwy::Prefetch(from + pixel * out.stride + columns.first + vector * vector_lanes);
  }
}

// One chain of a tile of `rows` x `vectors`; after the last one the tile is stored. The index
// sequence counts its sums: with constant indices the array is split into registers, at any
// optimisation level.
template <std::size_t rows, std::size_t vectors, bool partial, std::size_t... i>
HWY_INLINE void tile_body(const TileRows& t, std::size_t first, const Segment* segments,
                          const Columns& columns, const TileOutput& out, TileSums& sums,
                          std::index_sequence<i...>) {
  const Tag<partial> d;
  constexpr std::size_t step = vector_lanes;
  Vector<partial> sum[] = {(static_cast<void>(i), hn::Zero(d))...};
  TileSums::Place& place = sums.place;
  const Chains<partial> chains{sums.total + first * vectors * step, place.any};
  const std::size_t stride = columns.row_stride;
  std::size_t s = place.segment, begin = place.begin;
  if (s < t.num_segments) {
    const std::size_t block = (segments[s].k + begin) / chain;
    const Segment& last = segments[t.num_segments - 1];
    if (last.k + last.length <= (block + 1) * chain) {
      (ask_for<i % vectors>(t.pixel[first + i / vectors], columns, out), ...);
    }
    do {
      const Segment& segment = segments[s];
      const float* row[rows];
      ((row[i / vectors] = segment.rows[first + i / vectors]), ...);
      const std::size_t end = HWY_MIN(begin + chain, segment.length);
      const float* w[vectors];
      for (std::size_t v = 0; v < vectors; ++v) w[v] = columns.weight[v];
      std::size_t at = (segment.k + begin) * stride;
      const float* ahead = columns.ahead + (segment.k + begin) % chain * columns.ahead_step;
      for (std::size_t k = begin; k < end; ++k, ahead += columns.ahead_step) {
        if constexpr (vectors >= tile_vectors && vector_lanes >= 8) __builtin_prefetch(ahead, 0, 2);
        Vector<partial> b[vectors];
        HWY_UNROLL(8)
        for (std::size_t v = 0; v < vectors; ++v) b[v] = load<partial>(w[v] + at, columns.count);
        at += stride;
        ((sum[i] = hn::MulAdd(hn::Set(d, row[i / vectors][k]), b[i % vectors], sum[i])), ...);
      }
      begin = end;
      if (begin == segment.length) {
        ++s;
        begin = 0;
      }
    } while (s < t.num_segments && (segments[s].k + begin) / chain == block);
  }
  if (s < t.num_segments) {
    (chains.add(i, sum[i]), ...);
    place = {s, begin, true};
    return;
  }
  place.segment = s;
  if (chains.any) ((sum[i] = chains.with(i, sum[i])), ...);
  std::size_t to[rows];
  ((to[i / vectors] = t.pixel[first + i / vectors] * out.stride + columns.first), ...);
  finish<vectors, partial>(sum, out, to, columns, std::index_sequence<i...>());
  (store<partial>(sum[i], out.y + to[i / vectors] + i % vectors * step, columns.count), ...);
}

// Rows [first, first + rows) of a table's tile.
using TileFunction = void (*)(const TileRows&, std::size_t first, const Segment*, const Columns&,
                              const TileOutput&, TileSums&);

template <std::size_t rows, std::size_t vectors, bool partial>
HWY_NOINLINE void tile(const TileRows& t, std::size_t first, const Segment* segments,
                       const Columns& columns, const TileOutput& out, TileSums& sums) {
  tile_body<rows, vectors, partial>(t, first, segments, columns, out, sums,
                                    std::make_index_sequence<rows * vectors>());
}

// The tile of a number of rows: a table, so that no row is computed in vain.
template <std::size_t vectors, bool partial, std::size_t... r>
HWY_INLINE TileFunction tile_of(std::size_t rows, std::index_sequence<r...>) {
  static constexpr TileFunction functions[] = {tile<r + 1, vectors, partial>...};
  return functions[rows - 1];
}
template <std::size_t vectors, bool partial>
HWY_INLINE TileFunction tile_of(std::size_t rows) {
  return tile_of<vectors, partial>(rows, std::make_index_sequence<most_rows<vectors>>());
}

// Calls body(columns, vectors, partial) over the columns [begin, end) of a group of `outputs`
// channels whose weights are panels of K rows; begin and end are multiples of a panel, or the end.
// A tile is at most `widest` vectors.
template <std::size_t widest, class Body>
HWY_INLINE void for_columns(const float* weight, std::size_t k, std::size_t outputs,
                            std::size_t begin, std::size_t end, const Body& body) {
  constexpr std::size_t step = vector_lanes;
  for (std::size_t c = begin; c < end;) {
    const std::size_t first = c / panel * panel;
    const std::size_t width = outputs - first < panel ? outputs - first : panel;
    Columns columns{};
    columns.row_stride = width;
    columns.first = c;
    const auto fit = [&](std::size_t vectors) {
      // Whole panels side by side, or within one.
      if (vectors * step < panel) return c - first + vectors * step <= width;
      return c == first && width == panel && end - c >= vectors * step;
    };
    std::size_t vectors = widest;
    while (vectors > 1 && !fit(vectors)) vectors = vectors > tile_vectors ? vectors / 2 : 1;
    for (std::size_t v = 0; v < vectors; ++v) {
      const std::size_t column = c + v * step, in_panel = column % panel;
      columns.weight[v] = weight + (column - in_panel) * k + in_panel;
    }
    const std::size_t left = first + width - c;
    const bool partial = vectors == 1 && left < step;
    columns.count = !partial ? step : has_masks ? left : 1;
    body(columns, vectors, partial);
    c += vectors > 1 ? vectors * step : columns.count;
  }
}

// The same over a single panel of any width, row after row of `width` columns.
template <class Body>
HWY_INLINE void for_panel_columns(const float* weight, std::size_t width, const Body& body) {
  constexpr std::size_t step = vector_lanes;
  for (std::size_t c = 0; c < width;) {
    Columns columns{};
    columns.row_stride = width;
    columns.first = c;
    const std::size_t vectors = width - c >= tile_vectors * step ? tile_vectors : 1;
    for (std::size_t v = 0; v < vectors; ++v) columns.weight[v] = weight + c + v * step;
    columns.ahead = weight;
    const bool partial = vectors == 1 && width - c < step;
    columns.count = !partial ? step : has_masks ? width - c : 1;
    body(columns, vectors, partial);
    c += vectors > 1 ? vectors * step : columns.count;
  }
}

// The next chain of the rows [first, first + rows) of a tile.
HWY_INLINE void run_rows(const TileRows& t, std::size_t first, std::size_t rows,
                         const Segment* segments, const Columns& columns, std::size_t vectors,
                         bool partial, const TileOutput& out, TileSums& sums) {
  const TileFunction f = vectors == wide_vectors   ? tile_of<wide_vectors, false>(rows)
                         : vectors == tile_vectors ? tile_of<tile_vectors, false>(rows)
                         : partial                 ? tile_of<1, true>(rows)
                                                   : tile_of<1, false>(rows);
  f(t, first, segments, columns, out, sums);
}

// The next chain of a tile.
HWY_INLINE void run_tile(const TileRows& t, const Segment* segments, const Columns& columns,
                         std::size_t vectors, bool partial, const TileOutput& out, TileSums& sums) {
  const std::size_t rows = t.num_rows;
  if (vectors > wide_vectors) {
    (vectors == line_vectors
         ? tile<1, line_vectors, false>
         : tile<1, line_vectors / 2, false>)(t, 0, segments, columns, out, sums);
  } else if (rows > (vectors > tile_vectors ? most_rows<wide_vectors> : most_rows<tile_vectors>)) {
    const TileSums::Place begin = sums.place;
    run_rows(t, 0, rows / 2, segments, columns, vectors, partial, out, sums);
    sums.place = begin;
    run_rows(t, rows / 2, rows - rows / 2, segments, columns, vectors, partial, out, sums);
  } else {
    run_rows(t, 0, rows, segments, columns, vectors, partial, out, sums);
  }
}

}  // namespace etch::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
