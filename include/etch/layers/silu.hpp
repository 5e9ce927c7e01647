// Sigmoid linear unit, also called swish. PyTorch equivalent: torch.nn.SiLU
// https://pytorch.org/docs/stable/generated/torch.nn.SiLU.html
#pragma once
#include <etch/layers/activation.hpp>

namespace etch {

// y = x / (1 + exp(-x)), any shape. Training keeps its input.
struct SiLU {
  static constexpr const char* name = "SiLU";
  static constexpr void fields(auto&, const auto&) {}
  constexpr Shape output(Shape x) const { return x; }
  constexpr Value lower(Graph& g, Value x) const {
    return Activation{kernels::Function::silu}.lower(g, x, name);
  }
};

}  // namespace etch
