// Gaussian error linear unit. PyTorch equivalent: torch.nn.GELU
// https://pytorch.org/docs/stable/generated/torch.nn.GELU.html
#pragma once
#include <etch/layers/activation.hpp>

namespace etch {

// PyTorch's approximate='none', and approximate='tanh'.
enum class Approximate : unsigned char { exact, tanh };

// y = x * Phi(x), with the normal distribution's Phi, any shape. Approximate::tanh:
// y = x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3))). Training keeps its input.
struct GELU {
  Approximate approximate = Approximate::exact;  // which of the formulas

  static constexpr const char* name = "GELU";
  static constexpr void fields(auto& l, const auto& visit) { visit("approximate", l.approximate); }
  constexpr Shape output(Shape x) const { return x; }
  constexpr Value lower(Graph& g, Value x) const {
    using kernels::Function;
    const bool exact = approximate == Approximate::exact;
    return Activation{exact ? Function::gelu : Function::gelu_tanh}.lower(g, x, name);
  }
};

}  // namespace etch
