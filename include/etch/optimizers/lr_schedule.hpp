// Learning rates over epochs. PyTorch equivalents: torch.optim.lr_scheduler.StepLR and
// CosineAnnealingLR. Give the result to Trainer::set_lr.
#pragma once
#include <etch/compiler.hpp>

#include <cmath>
#include <cstddef>
#include <numbers>

namespace etch {

// The rate is multiplied by gamma every step_size epochs.
struct StepLR {
  std::size_t step_size = 1;
  double gamma = 0.1;

  double at(double lr, std::size_t epoch) const {
    return lr * std::pow(gamma, static_cast<double>(epoch / step_size));
  }
};

// The rate falls along half a cosine to eta_min at epoch T_max.
struct CosineAnnealingLR {
  std::size_t T_max = 1;
  double eta_min = 0;

  double at(double lr, std::size_t epoch) const {
    const double part = static_cast<double>(epoch) / static_cast<double>(T_max);
    return eta_min + (lr - eta_min) * (1 + std::cos(std::numbers::pi * part)) / 2;
  }
};

}  // namespace etch
