// Batch normalisation for every SIMD target of the architecture.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "src/kernels/batch_norm.cpp"
#include <hwy/foreach_target.h>

#include <etch/kernels/batch_norm-inl.hpp>

#if HWY_ONCE
#include "dispatch.hpp"

namespace etch::kernels {
ETCH_KERNEL(batch_norm_forward, BatchNormForward)
ETCH_KERNEL(batch_norm_apply, BatchNormApply)
ETCH_KERNEL(batch_norm_inference, BatchNormInference)
ETCH_KERNEL(batch_norm_fold, BatchNormFold)
ETCH_KERNEL(batch_norm_gradient, BatchNormGradient)
ETCH_KERNEL(batch_norm_inference_gradient, BatchNormInferenceGradient)
}  // namespace etch::kernels
#endif
