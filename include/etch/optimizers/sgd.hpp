// Stochastic gradient descent. PyTorch equivalent: torch.optim.SGD
// https://pytorch.org/docs/stable/generated/torch.optim.SGD.html
#pragma once
#include <etch/optimizer.hpp>

namespace etch {

// Gradient descent with momentum: v = momentum * v + (1 - dampening) * g, w -= lr * v, with g the
// gradient + weight_decay * w. State: v, where momentum is not 0; it begins as the first g.
struct SGD {
  double lr = 1e-3;         // at least 0; Trainer::set_lr changes it
  double momentum = 0;      // at least 0
  double dampening = 0;     // of the gradient, from the second step on
  double weight_decay = 0;  // L2, at least 0
  bool nesterov = false;    // g + momentum * v in the place of v; without dampening

  constexpr std::size_t states() const { return momentum != 0 ? 1 : 0; }

  // Inline, so that an image has only the kernel's loop that these constants need.
  [[gnu::always_inline]] void operator()(const OptimizerCall& c) const {
    kernels::sgd({c.size, c.threads, c.lr, static_cast<float>(momentum),
                  static_cast<float>(dampening), static_cast<float>(weight_decay), nesterov,
                  c.step == 1, c.parameters, c.gradients, momentum != 0 ? c.state : nullptr});
  }
};

}  // namespace etch
