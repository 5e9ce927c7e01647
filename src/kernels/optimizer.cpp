// Optimizer steps for every SIMD target of the architecture.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "src/kernels/optimizer.cpp"
#include <hwy/foreach_target.h>

#include <etch/kernels/optimizer-inl.hpp>

#if HWY_ONCE
#include "dispatch.hpp"

namespace etch::kernels {
ETCH_KERNEL(sgd, Sgd)
ETCH_KERNEL(adam, Adam)
HWY_EXPORT(squared_norm);
double squared_norm(const float* x, std::size_t size, std::size_t threads) {
  return HWY_DYNAMIC_DISPATCH(squared_norm)(x, size, threads);
}
HWY_EXPORT(scale);
void scale(float* x, std::size_t size, float factor, std::size_t threads) {
  HWY_DYNAMIC_DISPATCH(scale)(x, size, factor, threads);
}
}  // namespace etch::kernels
#endif
