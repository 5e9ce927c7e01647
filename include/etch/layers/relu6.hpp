// Rectified linear unit that ends at 6. PyTorch equivalent: torch.nn.ReLU6
// https://pytorch.org/docs/stable/generated/torch.nn.ReLU6.html
#pragma once
#include <etch/layers/activation.hpp>

namespace etch {

// y = min(max(x, 0), 6), any shape.
struct ReLU6 {
  static constexpr const char* name = "ReLU6";
  static constexpr void fields(auto&, const auto&) {}
  constexpr Shape output(Shape x) const { return x; }
  constexpr Value lower(Graph& g, Value x) const {
    return Activation{kernels::Function::relu6}.lower(g, x, name);
  }
};

}  // namespace etch
