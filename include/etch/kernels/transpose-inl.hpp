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

// to[j * to_stride + i] = from[i * from_stride + j] for i < rows, j < columns.
HWY_INLINE void transpose(const float* from, std::size_t from_stride, std::size_t rows,
                          std::size_t columns, float* to, std::size_t to_stride) {
  std::size_t i = 0;
#if HWY_TARGET != HWY_SCALAR
  // Blocks of 4x4: pairs of rows are interleaved, then pairs of pairs.
  const hn::CappedTag<float, 4> d;
  // (32-bit ARM has no vectors of doubles.)
  using Pair = std::conditional_t<HWY_HAVE_FLOAT64, double, std::uint64_t>;
  const hn::Repartition<Pair, decltype(d)> pairs;
  for (; columns % 4 == 0 && i + 4 <= rows; i += 4) {
    for (std::size_t j = 0; j < columns; j += 4) {
      const float* f = from + i * from_stride + j;
      const auto a = hn::LoadU(d, f), b = hn::LoadU(d, f + from_stride);
      const auto c = hn::LoadU(d, f + 2 * from_stride), e = hn::LoadU(d, f + 3 * from_stride);
      const auto ab = hn::BitCast(pairs, hn::InterleaveLower(d, a, b));
      const auto ce = hn::BitCast(pairs, hn::InterleaveLower(d, c, e));
      const auto ab2 = hn::BitCast(pairs, hn::InterleaveUpper(d, a, b));
      const auto ce2 = hn::BitCast(pairs, hn::InterleaveUpper(d, c, e));
      float* t = to + j * to_stride + i;
      hn::StoreU(hn::BitCast(d, hn::InterleaveLower(pairs, ab, ce)), d, t);
      hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(pairs, ab, ce)), d, t + to_stride);
      hn::StoreU(hn::BitCast(d, hn::InterleaveLower(pairs, ab2, ce2)), d, t + 2 * to_stride);
      hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(pairs, ab2, ce2)), d, t + 3 * to_stride);
    }
  }
#endif
  for (; i < rows; ++i) {
    for (std::size_t j = 0; j < columns; ++j) to[j * to_stride + i] = from[i * from_stride + j];
  }
}

}  // namespace etch::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
