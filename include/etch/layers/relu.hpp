// Rectified linear unit. PyTorch equivalent: torch.nn.ReLU
// https://pytorch.org/docs/stable/generated/torch.nn.ReLU.html
#pragma once
#include <etch/layers/activation.hpp>

namespace etch {

// y = max(x, 0), any shape.
struct ReLU {
  constexpr Shape output(Shape x) const { return x; }
  constexpr Value lower(Graph& g, Value x) const {
    return Activation::lower(g, x, "ReLU", kernels::Function::relu);
  }
};

}  // namespace etch
