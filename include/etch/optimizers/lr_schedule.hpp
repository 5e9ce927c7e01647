// Learning rates over epochs or steps. PyTorch equivalents: torch.optim.lr_scheduler.StepLR,
// CosineAnnealingLR, LinearLR and ReduceLROnPlateau. Give the result to Trainer::set_lr.
#pragma once
#include <etch/compiler.hpp>

#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>

namespace etch {

// The rate is multiplied by gamma every step_size epochs.
struct StepLR {
  std::size_t step_size = 1;  // epochs, at least 1
  double gamma = 0.1;         // what the rate is multiplied by

  // Of an epoch, counted from 0, where it begins with lr.
  double at(double lr, std::size_t epoch) const {
    return lr * std::pow(gamma, static_cast<double>(epoch / step_size));
  }
};

// The rate falls along half a cosine to eta_min at epoch T_max.
struct CosineAnnealingLR {
  std::size_t T_max = 1;  // epochs, at least 1
  double eta_min = 0;     // the rate at T_max

  // Of an epoch, counted from 0, where it begins with lr.
  double at(double lr, std::size_t epoch) const {
    const double part = static_cast<double>(epoch) / static_cast<double>(T_max);
    return eta_min + (lr - eta_min) * (1 + std::cos(std::numbers::pi * part)) / 2;
  }
};

// The rate grows from a part of it to another over total_iters steps. A warm-up of n steps before
// any other schedule, as PyTorch's ChainedScheduler: LinearLR{1.0 / (n + 1), 1, n}.at(rate, step).
struct LinearLR {
  double start_factor = 1.0 / 3, end_factor = 1;  // of lr
  std::size_t total_iters = 5;                    // steps

  // Of a step, counted from 0, where the whole rate is lr.
  double at(double lr, std::size_t step) const {
    if (step >= total_iters) return lr * end_factor;
    const double part = static_cast<double>(step) / static_cast<double>(total_iters);
    return lr * (start_factor + (end_factor - start_factor) * part);
  }
};

// The rate is multiplied by `factor` after more than `patience` epochs in a row whose metric, such
// as the validation loss, isn't less than the least so far by a `threshold`'s part of it. An object
// of a run: keep it, or give it the metrics so far again, to go on.
//
//   trainer.set_lr(plateau.next(trainer.lr(), validation_loss));  // after each epoch
struct ReduceLROnPlateau {
  double factor = 0.1;            // below 1
  std::size_t patience = 10;      // epochs
  double threshold = 1e-4;        // relative
  std::size_t cooldown = 0;       // epochs after a reduction that aren't counted
  double min_lr = 0, eps = 1e-8;  // a reduction by less than eps isn't made

  double best = std::numeric_limits<double>::infinity();  // the least metric so far
  std::size_t bad_epochs = 0, cooling = 0;  // bad ones in a row; epochs of cooldown to come

  // The rate of the next epoch, after one with rate lr and this metric.
  constexpr double next(double lr, double metric) {
    const bool better = metric < best * (1 - threshold);
    if (better) best = metric;
    bad_epochs = better ? 0 : bad_epochs + 1;
    if (cooling > 0) {
      --cooling;
      bad_epochs = 0;
    }
    if (bad_epochs <= patience) return lr;
    cooling = cooldown;
    bad_epochs = 0;
    const double reduced = lr * factor > min_lr ? lr * factor : min_lr;
    return lr - reduced > eps ? reduced : lr;
  }
};

}  // namespace etch
