// Pixels in other places for every SIMD target of the architecture.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "src/kernels/resample.cpp"
#include <hwy/foreach_target.h>

#include <etch/kernels/resample-inl.hpp>

#if HWY_ONCE
#include "dispatch.hpp"

namespace etch::kernels {
ETCH_KERNEL(resample, Resample)
ETCH_KERNEL(resample_gradient, ResampleGradient)
}  // namespace etch::kernels
#endif
