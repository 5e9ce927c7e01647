// The sigmoid of straight lines. PyTorch equivalent: torch.nn.Hardsigmoid
// https://pytorch.org/docs/stable/generated/torch.nn.Hardsigmoid.html
#pragma once
#include <etch/layers/activation.hpp>

namespace etch {

// y = min(max(x + 3, 0), 6) / 6, any shape.
struct Hardsigmoid {
  static constexpr const char* name = "Hardsigmoid";
  static constexpr void fields(auto&, const auto&) {}
  constexpr Shape output(Shape x) const { return x; }
  constexpr Value lower(Graph& g, Value x) const {
    return Activation{kernels::Function::hardsigmoid}.lower(g, x, name);
  }
};

}  // namespace etch
