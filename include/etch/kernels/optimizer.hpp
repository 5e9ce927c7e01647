// One step of an optimizer over flat arrays, in one pass over memory.
#pragma once
#include <etch/compiler.hpp>

#include <cstddef>

namespace etch::kernels {

// https://pytorch.org/docs/stable/generated/torch.optim.SGD.html
struct Sgd {
  std::size_t size, threads;
  float lr, momentum, dampening, weight_decay;
  bool nesterov, first;  // first: the momentum buffer takes the gradient as it is
  float* parameters;
  const float* gradients;
  float* momentum_buffer;  // null where momentum is 0
};
void sgd(const Sgd&);

// https://pytorch.org/docs/stable/generated/torch.optim.Adam.html and AdamW.html, and AdaBound
// (Luo et al. 2019, https://openreview.net/forum?id=Bkg3g2R9FX): the same moments, then
//   step = clamp(step_size / denominator, lower, upper), parameters -= step * exp_avg
//   where denominator = sqrt(exp_avg_sq) / sqrt_correction + eps.
struct Adam {
  std::size_t size, threads;
  float beta1, beta2;                      // exp_avg and exp_avg_sq keep this much
  float one_minus_beta1, one_minus_beta2;  // rounded from double, as PyTorch does
  float eps, step_size, sqrt_correction;
  float weight_decay;  // L2: gradient += weight_decay * parameter
  float decay;         // decoupled (AdamW): parameter *= decay first; 1 leaves it
  bool bounded;        // AdaBound
  float lower, upper;  // its bounds
  float* parameters;
  const float* gradients;
  float* exp_avg;
  float* exp_avg_sq;
};
void adam(const Adam&);

// Sum of squares, the same bits for every number of threads.
double squared_norm(const float* x, std::size_t size, std::size_t threads);

// x *= factor.
void scale(float* x, std::size_t size, float factor, std::size_t threads);

}  // namespace etch::kernels

#if defined(ETCH_HEADER_ONLY)
// For programs with globals of one letter.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#include <etch/kernels/optimizer-inl.hpp>
#pragma GCC diagnostic pop
#endif
