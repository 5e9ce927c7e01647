// Sums over rows for every SIMD target of the architecture.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "src/kernels/columns.cpp"
#include <hwy/foreach_target.h>

#include <etch/kernels/columns-inl.hpp>

#if HWY_ONCE
#include "dispatch.hpp"

namespace etch::kernels {
ETCH_KERNEL(column_sums, ColumnSums)
}  // namespace etch::kernels
#endif
