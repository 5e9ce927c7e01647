// Rectified linear unit. PyTorch equivalent: torch.nn.ReLU
// https://pytorch.org/docs/stable/generated/torch.nn.ReLU.html
#pragma once
#include <etch/layers/activation.hpp>

namespace etch {

// y = max(x, 0), any shape.
struct ReLU {
  constexpr Shape output(Shape x) const { return x; }
};

template <ReLU layer, Shape input>
struct Module<layer, input> : ActivationModule<"ReLU", kernels::Function::relu, Slope{}, input> {};

}  // namespace etch
