// Adam and AdamW. PyTorch equivalents: torch.optim.Adam, torch.optim.AdamW
// https://pytorch.org/docs/stable/generated/torch.optim.Adam.html
#pragma once
#include <etch/optimizer.hpp>

#include <cmath>

namespace etch {

// How long the averages of gradients and of their squares remember.
struct Betas {
  double first = 0.9, second = 0.999;  // each in [0, 1)
};

// Internal: inline, so that a binary has only the kernel's loop that its constants need.
//
// What the family shares: the moments' factors, rounded from double as PyTorch does, and bias
// corrections at a step. State: exp_avg, exp_avg_sq.
[[gnu::always_inline]] inline kernels::Adam adam_call(const OptimizerCall& c, Betas betas,
                                                      double eps) {
  kernels::Adam k{};
  k.size = c.size;
  k.threads = c.threads;
  k.beta1 = static_cast<float>(betas.first);
  k.beta2 = static_cast<float>(betas.second);
  k.one_minus_beta1 = static_cast<float>(1 - betas.first);
  k.one_minus_beta2 = static_cast<float>(1 - betas.second);
  k.eps = static_cast<float>(eps);
  k.step_size = c.lr / one_minus_power(fraction(betas.first), c.step);
  k.sqrt_correction = std::sqrt(one_minus_power(fraction(betas.second), c.step));
  k.decay = 1;
  k.parameters = c.parameters;
  k.gradients = c.gradients;
  k.exp_avg = c.state;
  k.exp_avg_sq = c.state + c.stride;
  return k;
}

// Adam: w -= lr * m / (sqrt(v) + eps), with averages m of the gradients and v of their squares that
// are corrected for beginning at 0. weight_decay is L2: it is added to the gradient.
struct Adam {
  double lr = 1e-3;         // at least 0; Trainer::set_lr changes it
  Betas betas{};            // of the averages
  double eps = 1e-8;        // at least 0
  double weight_decay = 0;  // L2, at least 0

  constexpr std::size_t states() const { return 2; }

  [[gnu::always_inline]] void operator()(const OptimizerCall& c) const {
    kernels::Adam k = adam_call(c, betas, eps);
    k.weight_decay = static_cast<float>(weight_decay);
    kernels::adam(k);
  }
};

// Adam whose weight_decay is decoupled: parameters shrink by lr * weight_decay.
struct AdamW {
  double lr = 1e-3;            // at least 0; Trainer::set_lr changes it
  Betas betas{};               // of the averages
  double eps = 1e-8;           // at least 0
  double weight_decay = 1e-2;  // decoupled, at least 0

  constexpr std::size_t states() const { return 2; }

  [[gnu::always_inline]] void operator()(const OptimizerCall& c) const {
    kernels::Adam k = adam_call(c, betas, eps);
    k.decay = 1 - c.lr * static_cast<float>(weight_decay);
    kernels::adam(k);
  }
};

}  // namespace etch
