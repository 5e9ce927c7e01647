// Leaky rectified linear unit. PyTorch equivalent: torch.nn.LeakyReLU
// https://pytorch.org/docs/stable/generated/torch.nn.LeakyReLU.html
#pragma once
#include <etch/layers/activation.hpp>

namespace etch {

// y = x where x > 0, else negative_slope * x; any shape.
struct LeakyReLU {
  float negative_slope = 0.01f;

  constexpr Shape output(Shape x) const { return x; }
};

template <LeakyReLU layer, Shape input>
struct Module<layer, input> : ActivationModule<"LeakyReLU", kernels::Function::leaky_relu,
                                               Slope{layer.negative_slope}, input> {
  // Backward reads the sign of x off y.
  static_assert(layer.negative_slope > 0, "LeakyReLU: negative_slope must be positive");
};

}  // namespace etch
