// Activations, sums, dropout and softmax for every SIMD target of the architecture.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "src/kernels/elementwise.cpp"
#include <hwy/foreach_target.h>

#include <etch/kernels/elementwise-inl.hpp>

#if HWY_ONCE
#include "dispatch.hpp"

namespace etch::kernels {
ETCH_KERNEL(activation, Activation)
ETCH_KERNEL(activation_gradient, ActivationGradient)
ETCH_KERNEL(add, Add)
ETCH_KERNEL(dropout, Dropout)
ETCH_KERNEL(softmax, Softmax)
ETCH_KERNEL(softmax_gradient, SoftmaxGradient)
ETCH_KERNEL(log_softmax, Softmax)
ETCH_KERNEL(log_softmax_gradient, SoftmaxGradient)
}  // namespace etch::kernels
#endif
