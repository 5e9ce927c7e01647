// Leaky rectified linear unit. PyTorch equivalent: torch.nn.LeakyReLU
// https://pytorch.org/docs/stable/generated/torch.nn.LeakyReLU.html
#pragma once
#include <etch/layers/activation.hpp>

#include <limits>

namespace etch {

// y = x where x > 0, else negative_slope * x; any shape.
struct LeakyReLU {
  float negative_slope = 0.01f;  // above 0 and finite

  static constexpr const char* name = "LeakyReLU";
  static constexpr void fields(auto& l, const auto& visit) {
    visit("negative_slope", l.negative_slope);
  }
  constexpr Shape output(Shape x) const { return x; }
  // Backward reads the sign of x off y.
  constexpr Problem check(Value) const {
    return Rules().holds(
        negative_slope > 0 && negative_slope < std::numeric_limits<float>::infinity(),
        "LeakyReLU: negative_slope must be positive and finite");
  }
  constexpr Value lower(Graph& g, Value x) const {
    return Activation{kernels::Function::leaky_relu, negative_slope}.lower(g, x, name);
  }
};

}  // namespace etch
