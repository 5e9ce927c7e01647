// Sums over rows, for one SIMD target. See columns.hpp.
#include <etch/kernels/columns.hpp>

#if defined(ETCH_KERNELS_COLUMNS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef ETCH_KERNELS_COLUMNS_INL
#undef ETCH_KERNELS_COLUMNS_INL
#else
#define ETCH_KERNELS_COLUMNS_INL
#endif

#include <hwy/highway.h>

#include <etch/kernels/lanes-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace etch::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

inline void column_sums(const ColumnSums& a) {
  const float* x = a.x;
  sum_columns(a.threads, a.rows, a.columns, a.accumulate, a.sums,
              [=](auto d, std::size_t at) HWY_ATTR { return hn::LoadU(d, x + at); });
}

}  // namespace etch::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE && defined(ETCH_HEADER_ONLY)
#if defined(HWY_COMPILE_ONLY_SCALAR)
#include <etch/kernels/micro/columns-inl.hpp>
namespace etch::kernels {
inline void column_sums(const ColumnSums& a) { micro::column_sums(a); }
}  // namespace etch::kernels
#else
namespace etch::kernels {
inline void column_sums(const ColumnSums& a) { HWY_STATIC_DISPATCH(column_sums)(a); }
}  // namespace etch::kernels
#endif
#endif
#endif
