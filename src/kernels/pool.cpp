// Pools for every SIMD target of the architecture.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "src/kernels/pool.cpp"
#include <hwy/foreach_target.h>

#include <etch/kernels/pool-inl.hpp>

#if HWY_ONCE
#include "dispatch.hpp"

namespace etch::kernels {
ETCH_KERNEL(max_pool_forward, MaxPoolForward)
ETCH_KERNEL(max_pool_gradient, MaxPoolGradient)
ETCH_KERNEL(avg_pool_forward, AvgPoolForward)
ETCH_KERNEL(avg_pool_gradient, AvgPoolGradient)
}  // namespace etch::kernels
#endif
