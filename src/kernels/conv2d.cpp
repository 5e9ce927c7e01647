// Convolution for every SIMD target of the architecture.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "src/kernels/conv2d.cpp"
#include <hwy/foreach_target.h>

#include <etch/kernels/conv2d-inl.hpp>

#if HWY_ONCE
#include "dispatch.hpp"

namespace etch::kernels {
ETCH_KERNEL(conv2d_forward, ConvForward)
ETCH_KERNEL(winograd_prepare, WinogradPrepare)
ETCH_KERNEL(winograd_forward, ConvForward)
ETCH_KERNEL(winograd_training_forward, WinogradTrainingForward)
ETCH_KERNEL(winograd_input_gradient, WinogradInputGradient)
ETCH_KERNEL(conv2d_input_gradient, ConvInputGradient)
ETCH_KERNEL(conv2d_weight_gradient, ConvWeightGradient)
}  // namespace etch::kernels
#endif
