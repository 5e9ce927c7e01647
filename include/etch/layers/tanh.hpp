// PyTorch equivalent: torch.nn.Tanh
// https://pytorch.org/docs/stable/generated/torch.nn.Tanh.html
#pragma once
#include <etch/layers/activation.hpp>

namespace etch {

// y = tanh(x), any shape.
struct Tanh {
  constexpr Shape output(Shape x) const { return x; }
};

template <Tanh layer, Shape input>
struct Module<layer, input> : ActivationModule<"Tanh", kernels::Function::tanh, Slope{}, input> {};

}  // namespace etch
