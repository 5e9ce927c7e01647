// Leaky rectified linear unit. PyTorch equivalent: torch.nn.LeakyReLU
// https://pytorch.org/docs/stable/generated/torch.nn.LeakyReLU.html
#pragma once
#include <etch/layers/activation.hpp>

namespace etch {

// y = x where x > 0, else negative_slope * x; any shape.
struct LeakyReLU {
  float negative_slope = 0.01f;

  constexpr Shape output(Shape x) const { return x; }
  // Backward reads the sign of x off y.
  constexpr Problem check(Value) const {
    return Rules().holds(negative_slope > 0, "LeakyReLU: negative_slope must be positive");
  }
  constexpr Value lower(Graph& g, Value x) const {
    return Activation::lower(g, x, "LeakyReLU", kernels::Function::leaky_relu, negative_slope);
  }
};

}  // namespace etch
