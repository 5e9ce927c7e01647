// A vector of all features. PyTorch equivalent: torch.nn.Flatten
// https://pytorch.org/docs/stable/generated/torch.nn.Flatten.html
#pragma once
#include <etch/layer.hpp>

namespace etch {

// An image as a vector: (channels, height, width) becomes (channels * height * width). Nothing
// moves: in memory the features stay in the order (height, width, channel), and the weights of the
// layers that follow are converted when they are read from or written to a file in PyTorch's order.
struct Flatten {
  static constexpr const char* name = "Flatten";
  static constexpr void fields(auto&, const auto&) {}
  constexpr Shape output(Shape x) const { return {x.elements()}; }
  constexpr Value lower(Graph&, Value x) const { return {x.id, output(x.shape), x.layout}; }
};

}  // namespace etch
