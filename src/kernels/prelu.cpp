// ReLU with slopes that are learned, for every SIMD target of the architecture.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "src/kernels/prelu.cpp"
#include <hwy/foreach_target.h>

#include <etch/kernels/prelu-inl.hpp>

#if HWY_ONCE
#include "dispatch.hpp"

namespace etch::kernels {
ETCH_KERNEL(prelu, Prelu)
ETCH_KERNEL(prelu_gradient, PreluGradient)
}  // namespace etch::kernels
#endif
