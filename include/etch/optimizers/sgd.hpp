// Stochastic gradient descent. PyTorch equivalent: torch.optim.SGD
// https://pytorch.org/docs/stable/generated/torch.optim.SGD.html
#pragma once
#include <etch/optimizer.hpp>

namespace etch {

// State: a momentum buffer, where momentum is not 0.
struct SGD {
  double lr = 1e-3;
  double momentum = 0;
  double dampening = 0;
  double weight_decay = 0;
  bool nesterov = false;

  constexpr std::size_t states() const { return momentum != 0 ? 1 : 0; }

  // Inline, so that an image has only the kernel's loop that these constants need.
  [[gnu::always_inline]] void operator()(const OptimizerCall& c) const {
    kernels::sgd({c.size, c.threads, c.lr, static_cast<float>(momentum),
                  static_cast<float>(dampening), static_cast<float>(weight_decay), nesterov,
                  c.step == 1, c.parameters, c.gradients, momentum != 0 ? c.state : nullptr});
  }
};

}  // namespace etch
