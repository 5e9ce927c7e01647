// Optimizer steps on a microcontroller. See optimizer.hpp; the order of the operations is that of
// optimizer-inl.hpp. What the loops read is copied first: nothing then changes under their stores.
#pragma once
#include <hwy/base.h>
#include <etch/kernels/optimizer.hpp>

#include <cmath>

namespace etch::kernels::micro {

inline HWY_NOINLINE void sgd_step(const Sgd& args) {
  const Sgd a = args;
  float* p = a.parameters;
  const float* g = a.gradients;
  for (const float* end = p + a.size; p != end; ++p, ++g) {
    *p -= a.lr * (*g + a.weight_decay * *p);
  }
}

inline HWY_NOINLINE void momentum_step(const Sgd& args) {
  const Sgd a = args;
  float* p = a.parameters;
  float* buffer = a.momentum_buffer;
  const float* gradient = a.gradients;
  // The first buffer is the gradient as it is.
  const float kept = a.first ? 0.0f : a.momentum, added = a.first ? 1.0f : 1.0f - a.dampening;
  for (const float* end = p + a.size; p != end; ++p, ++gradient, ++buffer) {
    const float g = *gradient + a.weight_decay * *p;
    const float b = added * g + kept * *buffer;
    *buffer = b;
    *p -= a.lr * (a.nesterov ? g + a.momentum * b : b);
  }
}

HWY_INLINE void sgd(const Sgd& a) { a.momentum == 0.0f ? sgd_step(a) : momentum_step(a); }

// Adam, or with everything that its family adds.
template <bool all>
HWY_NOINLINE void adam_step(const Adam& args) {
  const Adam a = args;
  float *p = a.parameters, *exp_avg = a.exp_avg, *exp_avg_sq = a.exp_avg_sq;
  const float* gradient = a.gradients;
  for (const float* end = p + a.size; p != end; ++p, ++gradient, ++exp_avg, ++exp_avg_sq) {
    const float g = all ? *gradient + a.weight_decay * *p : *gradient;
    const float m = *exp_avg * a.beta1 + g * a.one_minus_beta1;
    const float v = *exp_avg_sq * a.beta2 + a.one_minus_beta2 * g * g;
    *exp_avg = m;
    *exp_avg_sq = v;
    const float denominator = std::sqrt(v) / a.sqrt_correction + a.eps;
    const float before = all ? *p * a.decay : *p;
    if (all && a.bounded) {
      const float step = a.step_size / denominator;  // NaN stays NaN
      *p = before - (step < a.lower ? a.lower : step > a.upper ? a.upper : step) * m;
    } else {
      *p = before - a.step_size * m / denominator;
    }
  }
}

HWY_INLINE void adam(const Adam& a) {
  const bool plain = a.weight_decay == 0.0f && a.decay == 1.0f && !a.bounded;
  plain ? adam_step<false>(a) : adam_step<true>(a);
}

}  // namespace etch::kernels::micro
