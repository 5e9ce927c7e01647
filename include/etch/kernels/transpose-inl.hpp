// A small matrix transposed, for one SIMD target.
#if defined(ETCH_TRANSPOSE_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ETCH_TRANSPOSE_INL_HPP
#undef ETCH_TRANSPOSE_INL_HPP
#else
#define ETCH_TRANSPOSE_INL_HPP
#endif

#include <hwy/highway.h>

#include <cstddef>
#include <cstdint>
#include <type_traits>

HWY_BEFORE_NAMESPACE();
namespace etch::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET != HWY_SCALAR
// A square block, as long as a vector: pairs of rows are interleaved, then pairs of pairs; a
// 128-bit part of a vector then holds 4 rows of one column, and whole parts change places.
template <class D>
HWY_INLINE void transpose_square(D d, const float* from, std::size_t from_stride, float* to,
                                 std::size_t to_stride) {
  // (32-bit ARM has no vectors of doubles.)
  using Pair = std::conditional_t<HWY_HAVE_FLOAT64, double, std::uint64_t>;
  const hn::Repartition<Pair, D> pairs;
  constexpr std::size_t parts = hn::MaxLanes(d) / 4;
  // Part p of by_column[j][i] is column 4 p + j of rows 4 i to 4 i + 3.
  hn::Vec<D> by_column[4][parts];
  HWY_UNROLL(4)
  for (std::size_t i = 0; i < parts; ++i) {
    const float* f = from + 4 * i * from_stride;
    const auto a = hn::LoadU(d, f), b = hn::LoadU(d, f + from_stride);
    const auto c = hn::LoadU(d, f + 2 * from_stride), e = hn::LoadU(d, f + 3 * from_stride);
    const auto ab = hn::BitCast(pairs, hn::InterleaveLower(d, a, b));
    const auto ce = hn::BitCast(pairs, hn::InterleaveLower(d, c, e));
    const auto ab2 = hn::BitCast(pairs, hn::InterleaveUpper(d, a, b));
    const auto ce2 = hn::BitCast(pairs, hn::InterleaveUpper(d, c, e));
    by_column[0][i] = hn::BitCast(d, hn::InterleaveLower(pairs, ab, ce));
    by_column[1][i] = hn::BitCast(d, hn::InterleaveUpper(pairs, ab, ce));
    by_column[2][i] = hn::BitCast(d, hn::InterleaveLower(pairs, ab2, ce2));
    by_column[3][i] = hn::BitCast(d, hn::InterleaveUpper(pairs, ab2, ce2));
  }
  HWY_UNROLL(4)
  for (std::size_t j = 0; j < 4; ++j) {
    const auto& v = by_column[j];
    const auto store = [&](std::size_t part, hn::Vec<D> column)
                           HWY_ATTR { hn::StoreU(column, d, to + (4 * part + j) * to_stride); };
    if constexpr (parts == 1) {
      store(0, v[0]);
    } else {
      const auto even = [&](std::size_t i) HWY_ATTR {
        return hn::OddEvenBlocks(hn::SwapAdjacentBlocks(v[i + 1]), v[i]);
      };
      const auto odd = [&](std::size_t i) HWY_ATTR {
        return hn::OddEvenBlocks(v[i + 1], hn::SwapAdjacentBlocks(v[i]));
      };
      if constexpr (parts == 2) {
        store(0, even(0));
        store(1, odd(0));
      } else {
        store(0, hn::ConcatLowerLower(d, even(2), even(0)));
        store(1, hn::ConcatLowerLower(d, odd(2), odd(0)));
        store(2, hn::ConcatUpperUpper(d, even(2), even(0)));
        store(3, hn::ConcatUpperUpper(d, odd(2), odd(0)));
      }
    }
  }
}

// The rows [i, rows) as far as blocks of a vector of at most `lanes` go, if all columns are in
// some.
template <std::size_t lanes>
HWY_INLINE void transpose_squares(const float* from, std::size_t from_stride, std::size_t& i,
                                  std::size_t rows, std::size_t columns, float* to,
                                  std::size_t to_stride) {
  const hn::CappedTag<float, lanes> d;
  constexpr std::size_t side = hn::MaxLanes(d);
  for (; columns % side == 0 && i + side <= rows; i += side) {
    for (std::size_t j = 0; j < columns; j += side) {
      transpose_square(d, from + i * from_stride + j, from_stride, to + j * to_stride + i,
                       to_stride);
    }
  }
}
#endif

// to[j * to_stride + i] = from[i * from_stride + j] for i < rows, j < columns.
HWY_INLINE void transpose(const float* from, std::size_t from_stride, std::size_t rows,
                          std::size_t columns, float* to, std::size_t to_stride) {
  std::size_t i = 0;
#if HWY_TARGET != HWY_SCALAR
  transpose_squares<16>(from, from_stride, i, rows, columns, to, to_stride);
  transpose_squares<4>(from, from_stride, i, rows, columns, to, to_stride);
#endif
  for (; i < rows; ++i) {
    for (std::size_t j = 0; j < columns; ++j) to[j * to_stride + i] = from[i * from_stride + j];
  }
}

}  // namespace etch::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
