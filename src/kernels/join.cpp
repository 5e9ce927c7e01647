// Channels side by side, and products, for every SIMD target of the architecture.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "src/kernels/join.cpp"
#include <hwy/foreach_target.h>

#include <etch/kernels/join-inl.hpp>

#if HWY_ONCE
#include "dispatch.hpp"

namespace etch::kernels {
ETCH_KERNEL(copy_channels, CopyChannels)
ETCH_KERNEL(multiply, Multiply)
ETCH_KERNEL(multiply_channels, MultiplyChannels)
ETCH_KERNEL(gate_gradient, GateGradient)
}  // namespace etch::kernels
#endif
