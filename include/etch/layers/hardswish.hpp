// SiLU of straight lines (https://arxiv.org/abs/1905.02244). PyTorch equivalent: torch.nn.Hardswish
// https://pytorch.org/docs/stable/generated/torch.nn.Hardswish.html
#pragma once
#include <etch/layers/activation.hpp>

namespace etch {

// y = x * min(max(x + 3, 0), 6) / 6, any shape. Training keeps its input.
struct Hardswish {
  static constexpr const char* name = "Hardswish";
  static constexpr void fields(auto&, const auto&) {}
  constexpr Shape output(Shape x) const { return x; }
  constexpr Value lower(Graph& g, Value x) const {
    return Activation{kernels::Function::hardswish}.lower(g, x, name);
  }
};

}  // namespace etch
