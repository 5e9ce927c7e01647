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

// A vector of columns goes down the rows, in runs of 64: the rounding error grows with the square
// root of their number. Columns are one thread's, so that the bits don't depend on the threads.
inline void column_sums(const ColumnSums& a) {
  constexpr std::size_t group = 64;
  parallel(threads_for(a.rows * a.columns, a.threads), (a.columns + group - 1) / group,
           [&](std::size_t n, std::size_t) HWY_ATTR {
             const std::size_t rows = a.rows, columns = a.columns;
             const float* x = a.x;
             float* sums = a.sums;
             const bool accumulate = a.accumulate;
             for_lanes(n * group, std::min(columns, (n + 1) * group),
                       [=](auto d, std::size_t i) HWY_ATTR {
                         auto total = accumulate ? hn::LoadU(d, sums + i) : hn::Zero(d);
                         for (std::size_t row = 0; row < rows;) {
                           const std::size_t stop = std::min(rows, row + 64);
                           auto run = hn::Zero(d);
                           for (; row < stop; ++row) {
                             run = hn::Add(run, hn::LoadU(d, x + row * columns + i));
                           }
                           total = hn::Add(total, run);
                         }
                         hn::StoreU(total, d, sums + i);
                       });
           });
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
