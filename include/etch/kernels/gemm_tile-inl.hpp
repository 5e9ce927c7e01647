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

#include <etch/kernels/lanes-inl.hpp>

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
  std::size_t last_stride;  // of the last vector, where it is partial
  std::size_t count;        // lanes of the last vector that exist
  std::size_t first;        // column of the output
  const float* ahead;       // weights to ask for: a product of a chain asks for one line, and the
  std::size_t ahead_step;   // next one for that so many floats further
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
// Sum i of a row of `vectors`, of which the last may be partial.
template <std::size_t vectors, bool partial, std::size_t i>
HWY_INLINE Vector<partial> load_sum(const float* p, const Columns& columns) {
  constexpr bool last = i % vectors + 1 == vectors;
  return load < partial && last > (p + i % vectors * vector_lanes, columns.count);
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
  const Epilogue& e = out.epilogue;
  const Columns& c = columns;
  if (out.accumulate) {
    ((sum[i] = hn::Add(load_sum<vectors, partial, i>(out.y + to[i / vectors], c), sum[i])), ...);
  }
  if (e.scale != nullptr) {
    ((sum[i] = hn::Mul(sum[i], load_sum<vectors, partial, i>(e.scale + c.first, c))), ...);
  }
  if (e.shift != nullptr) {
    ((sum[i] = hn::Add(sum[i], load_sum<vectors, partial, i>(e.shift + c.first, c))), ...);
  }
  if (e.skip != nullptr) {
    ((sum[i] = hn::Add(sum[i], load_sum<vectors, partial, i>(e.skip + to[i / vectors], c))), ...);
  }
  if (e.relu) ((sum[i] = relu(Tag<partial>(), sum[i])), ...);
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
      std::size_t at_last = (segment.k + begin) * columns.last_stride;
      const float* ahead = columns.ahead + (segment.k + begin) % chain * columns.ahead_step;
      for (std::size_t k = begin; k < end; ++k, ahead += columns.ahead_step) {
        if constexpr (vectors >= tile_vectors && vector_lanes >= 8) __builtin_prefetch(ahead, 0, 2);
        Vector<partial> b[vectors];
        if constexpr (vectors > 1) {
          HWY_UNROLL(8)
          for (std::size_t v = 0; v + 1 < vectors; ++v) b[v] = hn::LoadU(d, w[v] + at);
        }
        b[vectors - 1] = load<partial>(w[vectors - 1] + (partial ? at_last : at), columns.count);
        at += stride;
        if constexpr (partial) at_last += columns.last_stride;
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
  (store < partial &&
       i % vectors + 1 ==
           vectors > (sum[i], out.y + to[i / vectors] + i % vectors * step, columns.count),
   ...);
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

// How many vectors a tile takes of `whole` and of one of `rest` columns, and how many it then has
// of the last one. With several rows they are 1, tile_vectors or wide_vectors. Where there are
// masks and it `joins`, the rest is in a tile with whole vectors.
struct TileWidth {
  std::size_t vectors, count;
  bool partial;

  std::size_t columns() const { return (vectors - 1) * vector_lanes + count; }
};
template <std::size_t widest, bool joins>
HWY_INLINE TileWidth tile_width(std::size_t whole, std::size_t rest) {
  constexpr bool line = widest == line_vectors;
  const auto most = [](std::size_t left) {
    if (line) return std::min(left, widest);
    return left >= widest         ? widest
           : left >= tile_vectors ? tile_vectors
                                  : std::min<std::size_t>(left, 1);
  };
  if (whole == 0) return {1, has_masks ? rest : 1, true};
  const std::size_t vectors = most(whole + 1);
  const bool partial = joins && has_masks && rest > 0 && vectors > whole;
  if (partial && (line || vectors <= tile_vectors)) return {vectors, rest, true};
  return {most(whole), vector_lanes, false};
}

// Calls body(columns, vectors, partial) over the columns [begin, end) of a group of `outputs`
// channels whose weights are panels of K rows; begin and end are multiples of a panel, or the end.
// A tile is at most `widest` vectors.
template <std::size_t widest, bool joins, class Body>
HWY_INLINE void for_columns(const float* weight, std::size_t k, std::size_t outputs,
                            std::size_t begin, std::size_t end, const Body& body) {
  constexpr std::size_t step = vector_lanes;
  // Where a panel of fewer columns begins, whose rows are closer together than others'.
  const std::size_t narrow = outputs / panel * panel, narrow_width = outputs - narrow;
  for (std::size_t c = begin; c < end;) {
    const bool in_narrow = c >= narrow;
    const std::size_t whole = ((in_narrow ? end : std::min(end, narrow)) - c) / step;
    // A vector of a narrow panel joins those before.
    const std::size_t next = end > narrow && narrow_width <= step ? narrow_width : 0;
    const TileWidth tile = tile_width<widest, joins>(whole, in_narrow ? (end - c) % step : next);
    Columns columns{};
    columns.row_stride = in_narrow ? narrow_width : panel;
    columns.last_stride = narrow_width;
    columns.first = c;
    columns.count = tile.count;
    for (std::size_t v = 0; v < tile.vectors; ++v) {
      const std::size_t column = c + v * step, in_panel = column % panel;
      columns.weight[v] = weight + (column - in_panel) * k + in_panel;
    }
    body(columns, tile.vectors, tile.partial);
    c += tile.columns();
  }
}

// The same over a single panel of any width, row after row of `width` columns.
template <class Body>
HWY_INLINE void for_panel_columns(const float* weight, std::size_t width, const Body& body) {
  constexpr std::size_t step = vector_lanes;
  for (std::size_t c = 0; c < width;) {
    const std::size_t left = width - c;
    const TileWidth tile = tile_width<tile_vectors, true>(left / step, left % step);
    Columns columns{};
    columns.row_stride = columns.last_stride = width;
    columns.first = c;
    columns.count = tile.count;
    for (std::size_t v = 0; v < tile.vectors; ++v) columns.weight[v] = weight + c + v * step;
    columns.ahead = weight;
    body(columns, tile.vectors, tile.partial);
    c += tile.columns();
  }
}

// A single row's tile.
template <std::size_t... v>
HWY_INLINE TileFunction line_of(std::size_t vectors, bool partial, std::index_sequence<v...>) {
  static constexpr TileFunction whole[] = {tile<1, v + 1, false>...};
  static constexpr TileFunction masked[] = {tile < 1, has_masks ? v + 1 : 1, true > ...};
  return (partial ? masked : whole)[vectors - 1];
}

// The next chain of the rows [first, first + rows) of a tile.
HWY_INLINE void run_rows(const TileRows& t, std::size_t first, std::size_t rows,
                         const Segment* segments, const Columns& columns, std::size_t vectors,
                         bool partial, const TileOutput& out, TileSums& sums) {
  constexpr std::size_t joined = has_masks ? tile_vectors : 1;
  const TileFunction f =
      rows == 1 ? line_of(vectors, partial, std::make_index_sequence<line_vectors>())
      : partial ? (vectors == 1 ? tile_of<1, true>(rows) : tile_of<joined, true>(rows))
      : vectors == wide_vectors ? tile_of<wide_vectors, false>(rows)
      : vectors == tile_vectors ? tile_of<tile_vectors, false>(rows)
                                : tile_of<1, false>(rows);
  f(t, first, segments, columns, out, sums);
}

// The next chain of a tile.
HWY_INLINE void run_tile(const TileRows& t, const Segment* segments, const Columns& columns,
                         std::size_t vectors, bool partial, const TileOutput& out, TileSums& sums) {
  const std::size_t rows = t.num_rows;
  if (rows > (vectors > tile_vectors ? most_rows<wide_vectors> : most_rows<tile_vectors>)) {
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
