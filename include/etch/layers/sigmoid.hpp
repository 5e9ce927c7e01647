// PyTorch equivalent: torch.nn.Sigmoid
// https://pytorch.org/docs/stable/generated/torch.nn.Sigmoid.html
#pragma once
#include <etch/layers/activation.hpp>

namespace etch {

// y = 1 / (1 + exp(-x)), any shape.
struct Sigmoid {
  constexpr Shape output(Shape x) const { return x; }
};

template <Sigmoid layer, Shape input>
struct Module<layer, input>
    : ActivationModule<"Sigmoid", kernels::Function::sigmoid, Slope{}, input> {};

}  // namespace etch
