// PyTorch equivalent: torch.nn.Tanh
// https://pytorch.org/docs/stable/generated/torch.nn.Tanh.html
#pragma once
#include <etch/layers/activation.hpp>

namespace etch {

// y = tanh(x), any shape.
struct Tanh {
  static constexpr const char* name = "Tanh";
  static constexpr void fields(auto&, const auto&) {}
  constexpr Shape output(Shape x) const { return x; }
  constexpr Value lower(Graph& g, Value x) const {
    return Activation{kernels::Function::tanh}.lower(g, x, name);
  }
};

}  // namespace etch
