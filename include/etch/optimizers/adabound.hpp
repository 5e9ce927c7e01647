// AdaBound: Adam whose step sizes are clamped between bounds that close on those of SGD.
// Luo et al. 2019, https://openreview.net/forum?id=Bkg3g2R9FX, Algorithm 2, as in the authors'
// code (bias corrections in the step size, eps outside the root).
#pragma once
#include <etch/optimizers/adam.hpp>

namespace etch {

// Adam whose step sizes are clamped between two bounds, which close on final_lr (which follows lr
// when it is changed) as gamma * step grows.
struct AdaBound {
  double lr = 1e-3;         // above 0; Trainer::set_lr changes it
  Betas betas{};            // of the averages
  double final_lr = 0.1;    // at least 0: what the step sizes end at
  double gamma = 1e-3;      // how fast the bounds close
  double eps = 1e-8;        // at least 0
  double weight_decay = 0;  // L2, at least 0

  constexpr std::size_t states() const { return 2; }

  void operator()(const OptimizerCall& c) const {
    kernels::Adam k = adam_call(c, betas, eps);
    const float t = static_cast<float>(gamma) * static_cast<float>(c.step);
    const float final_step = static_cast<float>(final_lr / lr) * c.lr;
    k.step_size *= k.sqrt_correction;
    k.sqrt_correction = 1;
    k.weight_decay = static_cast<float>(weight_decay);
    k.bounded = true;
    k.lower = final_step * (t / (t + 1));
    k.upper = final_step * (1 + 1 / t);
    kernels::adam(k);
  }
};

}  // namespace etch
