// Both ends cut off. PyTorch equivalent: torch.nn.Hardtanh
// https://pytorch.org/docs/stable/generated/torch.nn.Hardtanh.html
#pragma once
#include <etch/layers/activation.hpp>

namespace etch {

// y = min(max(x, min_val), max_val), any shape.
struct Hardtanh {
  float min_val = -1;  // below max_val
  float max_val = 1;   // of y

  static constexpr const char* name = "Hardtanh";
  static constexpr void fields(auto& l, const auto& visit) {
    visit("min_val", l.min_val);
    visit("max_val", l.max_val);
  }
  constexpr Shape output(Shape x) const { return x; }
  constexpr Problem check(Value) const {
    return Rules().holds(min_val < max_val, "Hardtanh: min_val must be below max_val");
  }
  constexpr Value lower(Graph& g, Value x) const {
    return Activation{kernels::Function::hardtanh, min_val, max_val}.lower(g, x, name);
  }
};

}  // namespace etch
