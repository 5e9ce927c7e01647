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
HWY_EXPORT(weighted_cross_entropy);
float weighted_cross_entropy(const WeightedCrossEntropy& a) {
  return HWY_DYNAMIC_DISPATCH(weighted_cross_entropy)(a);
}
HWY_EXPORT(mean_squared_error);
float mean_squared_error(const Comparison& a) {
  return HWY_DYNAMIC_DISPATCH(mean_squared_error)(a);
}
HWY_EXPORT(mean_absolute_error);
float mean_absolute_error(const Comparison& a) {
  return HWY_DYNAMIC_DISPATCH(mean_absolute_error)(a);
}
HWY_EXPORT(huber);
float huber(const Huber& a) { return HWY_DYNAMIC_DISPATCH(huber)(a); }
HWY_EXPORT(binary_cross_entropy);
float binary_cross_entropy(const BinaryCrossEntropy& a) {
  return HWY_DYNAMIC_DISPATCH(binary_cross_entropy)(a);
}
}  // namespace etch::kernels
#endif
