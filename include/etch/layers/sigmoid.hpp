// PyTorch equivalent: torch.nn.Sigmoid
// https://pytorch.org/docs/stable/generated/torch.nn.Sigmoid.html
#pragma once
#include <etch/layers/activation.hpp>

namespace etch {

// y = 1 / (1 + exp(-x)), any shape.
struct Sigmoid {
  static constexpr const char* name = "Sigmoid";
  static constexpr void fields(auto&, const auto&) {}
  constexpr Shape output(Shape x) const { return x; }
  constexpr Value lower(Graph& g, Value x) const {
    return Activation{kernels::Function::sigmoid}.lower(g, x, name);
  }
};

}  // namespace etch
