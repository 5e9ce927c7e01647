// Loops over contiguous floats in whole vectors, sums of them, and their division into pieces.
// For every SIMD target: include it from an -inl.hpp only.
#include <etch/kernels/parallel.hpp>

#include <algorithm>
#include <cstddef>

#if defined(ETCH_KERNELS_LANES_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef ETCH_KERNELS_LANES_INL
#undef ETCH_KERNELS_LANES_INL
#else
#define ETCH_KERNELS_LANES_INL
#endif

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace etch::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Elements a thread takes at once: 64 KiB, long against the cost of handing it out, and short
// enough that three such arrays stay in a second-level cache.
inline constexpr std::size_t chunk = 16384;

// Below two chunks a second thread costs more than it brings.
HWY_INLINE std::size_t threads_for(std::size_t size, std::size_t threads) {
  return size < 2 * chunk ? 1 : threads;
}

// Calls body(d, i) with vector tags d so that [i, i + Lanes(d)) cover [begin, end) exactly:
// whole vectors, then four lanes, then one, so that nothing beyond the end is touched.
template <class Body>
HWY_INLINE void for_lanes(std::size_t begin, std::size_t end, const Body& body) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = begin;
  for (; i + lanes <= end; i += lanes) body(d, i);
  if constexpr (HWY_MAX_BYTES > 4) {
    if constexpr (HWY_MAX_BYTES > 16) {
      const hn::CappedTag<float, 4> four;
      for (; i + 4 <= end; i += 4) body(four, i);
    }
    for (; i < end; ++i) body(hn::CappedTag<float, 1>(), i);
  }
}

// The same over [0, size) where doing an element twice does no harm: the last vector overlaps the
// one before, instead of many small ones.
template <class Body>
HWY_INLINE void for_lanes_overlapping(std::size_t size, const Body& body) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  if (size >= lanes) {
    for (std::size_t i = 0; i + lanes < size; i += lanes) body(d, i);
    return body(d, size - lanes);
  }
  if constexpr (HWY_MAX_BYTES > 16) {
    const hn::CappedTag<float, 4> four;
    if (size >= 4) {
      for (std::size_t i = 0; i + 4 < size; i += 4) body(four, i);
      return body(four, size - 4);
    }
  }
  for (std::size_t i = 0; i < size; ++i) body(hn::CappedTag<float, 1>(), i);
}

// max(x, 0), where a NaN stays one: Max gives either operand then, by target.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V relu(D d, V x) {
  return hn::IfThenZeroElse(hn::Lt(x, hn::Zero(d)), x);
}

// for_lanes over [0, size), in chunks on up to `threads` threads.
template <class Body>
HWY_INLINE void for_chunks(std::size_t threads, std::size_t size, const Body& body) {
  const std::size_t count = (size + chunk - 1) / chunk;
  parallel(threads_for(size, threads), count, [&](std::size_t i, std::size_t) HWY_ATTR {
    const Body copy = body;  // of our own: what it holds can't change under stores to memory
    for_lanes(i * chunk, std::min(size, (i + 1) * chunk), copy);
  });
}

// Calls body(begin, end) for groups of rows of about a chunk, on up to `threads` threads.
template <class Body>
HWY_INLINE void for_rows(std::size_t threads, std::size_t rows, std::size_t columns,
                         const Body& body) {
  const std::size_t group = std::max(chunk / std::max(columns, std::size_t{1}), std::size_t{1});
  const std::size_t count = (rows + group - 1) / group;
  parallel(threads_for(rows * columns, threads), count, [&](std::size_t i, std::size_t) HWY_ATTR {
    body(i * group, std::min(rows, (i + 1) * group));
  });
}

// The sum of term(d, i) over [begin, end): runs of 64 vectors, then the sum of the runs, so that
// the rounding error grows with the square root of the length and not with the length.
template <class Term>
HWY_INLINE float sum_lanes(std::size_t begin, std::size_t end, const Term& term) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  const std::size_t whole = begin + (end - begin) / lanes * lanes;
  auto total = hn::Zero(d);
  for (std::size_t i = begin; i < whole;) {
    const std::size_t stop = std::min(whole, i + 64 * lanes);
    auto run = hn::Zero(d);
    for (; i < stop; i += lanes) run = hn::Add(run, term(d, i));
    total = hn::Add(total, run);
  }
  float sum = hn::GetLane(hn::SumOfLanes(d, total));
  if constexpr (HWY_MAX_BYTES > 4) {
    const hn::CappedTag<float, 1> one;
    for (std::size_t i = whole; i < end; ++i) sum += hn::GetLane(term(one, i));
  }
  return sum;
}

// sums[i] = (or +=) the sum of term(d, at) over the rows, where `at` is that of element (row, i). A
// vector of columns goes down the rows, in runs of 64: the rounding error grows with the square
// root of their number. Columns are one thread's, so that the bits don't depend on the threads.
template <class Term>
HWY_INLINE void sum_columns(std::size_t threads, std::size_t rows, std::size_t columns,
                            bool accumulate, float* sums, const Term& term) {
  constexpr std::size_t group = 64;
  const std::size_t count = (columns + group - 1) / group;
  parallel(threads_for(rows * columns, threads), count, [&](std::size_t n, std::size_t) HWY_ATTR {
    const Term copy = term;  // of our own: what it holds can't change under stores to memory
    const auto column = [=](auto d, std::size_t i) HWY_ATTR {
      auto total = accumulate ? hn::LoadU(d, sums + i) : hn::Zero(d);
      for (std::size_t row = 0; row < rows;) {
        const std::size_t stop = std::min(rows, row + 64);
        auto run = hn::Zero(d);
        for (; row < stop; ++row) run = hn::Add(run, copy(d, row * columns + i));
        total = hn::Add(total, run);
      }
      hn::StoreU(total, d, sums + i);
    };
    for_lanes(n * group, std::min(columns, (n + 1) * group), column);
  });
}

// No element is NaN or an infinity.
HWY_INLINE bool all_finite(const float* x, std::size_t size) {
  // 0 * x is NaN where x isn't finite, and so is the sum then.
  const float sum = sum_lanes(0, size, [&](auto d, std::size_t i) HWY_ATTR {
    return hn::Mul(hn::LoadU(d, x + i), hn::Zero(d));
  });
  return sum == 0;
}

// The sum of body(begin, end) over pieces of [0, size) that depend on the size alone, added in
// their order: the same bits for every number of threads.
template <class Body>
HWY_INLINE double sum_pieces(std::size_t threads, std::size_t size, std::size_t smallest,
                             const Body& body) {
  constexpr std::size_t pieces = 64;
  double part[pieces];
  const std::size_t piece = std::max((size + pieces - 1) / pieces, smallest);
  const std::size_t count = (size + piece - 1) / piece;
  parallel(threads, count, [&](std::size_t i, std::size_t) HWY_ATTR {
    part[i] = body(i * piece, std::min(size, (i + 1) * piece));
  });
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += part[i];
  return sum;
}

}  // namespace etch::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
