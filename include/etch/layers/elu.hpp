// Exponential linear unit. PyTorch equivalent: torch.nn.ELU
// https://pytorch.org/docs/stable/generated/torch.nn.ELU.html
#pragma once
#include <etch/layers/activation.hpp>

#include <limits>

namespace etch {

// y = x where x > 0, else alpha * (exp(x) - 1); any shape.
struct ELU {
  float alpha = 1;  // above 0 and finite

  static constexpr const char* name = "ELU";
  static constexpr void fields(auto& l, const auto& visit) { visit("alpha", l.alpha); }
  constexpr Shape output(Shape x) const { return x; }
  // Backward reads the sign of x off y.
  constexpr Problem check(Value) const {
    return Rules().holds(alpha > 0 && alpha < std::numeric_limits<float>::infinity(),
                         "ELU: alpha must be positive and finite");
  }
  constexpr Value lower(Graph& g, Value x) const {
    return Activation{kernels::Function::elu, alpha}.lower(g, x, name);
  }
};

}  // namespace etch
