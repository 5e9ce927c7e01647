// Losses for every SIMD target of the architecture.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "src/kernels/loss.cpp"
#include <hwy/foreach_target.h>

#include <etch/kernels/loss-inl.hpp>

#if HWY_ONCE
#include "dispatch.hpp"

namespace etch::kernels {
HWY_EXPORT(cross_entropy);
float cross_entropy(const CrossEntropy& a) { return HWY_DYNAMIC_DISPATCH(cross_entropy)(a); }
HWY_EXPORT(mean_squared_error);
float mean_squared_error(const MeanSquaredError& a) {
  return HWY_DYNAMIC_DISPATCH(mean_squared_error)(a);
}
}  // namespace etch::kernels
#endif
