// Rectified linear unit. PyTorch equivalent: torch.nn.ReLU
// https://pytorch.org/docs/stable/generated/torch.nn.ReLU.html
#pragma once
#include <etch/layers/activation.hpp>

namespace etch {

// y = max(x, 0), any shape.
struct ReLU {
  static constexpr const char* name = "ReLU";
  static constexpr void fields(auto&, const auto&) {}
  constexpr Shape output(Shape x) const { return x; }
  constexpr Value lower(Graph& g, Value x) const {
    return Activation{kernels::Function::relu}.lower(g, x, name);
  }
};

}  // namespace etch
