// Fully connected layer. PyTorch equivalent: torch.nn.Linear
// https://pytorch.org/docs/stable/generated/torch.nn.Linear.html
#pragma once
#include <etch/layers/convolution.hpp>

namespace etch {

// y = x W^T + b. Parameters: weight (out_features, in_features), bias (out_features).
struct Linear {
  std::size_t in_features = 0;  // derived; where given, checked
  std::size_t out_features = 0;
  bool bias = true;
  Algorithm algorithm = Algorithm::gemm;

  constexpr Shape output(Shape) const { return {out_features}; }
};

template <Linear layer, Shape input>
struct Module<layer, input> {
  static constexpr std::size_t in = layer.in_features ? layer.in_features : input.elements();
  static_assert(Equal<in, input.elements()>,
                "Linear: in_features must equal the size of the input");
  static_assert(Equal<input.elements(), input.channels>,
                "Linear: the input must be a vector: put a Flatten before it");
  static_assert(AtLeast<layer.out_features, 1u>, "Linear: out_features must be at least 1");

  using Kernels =
      Convolution<kernels::ConvGeometry{
                      .input = {in}, .output = {layer.out_features}, .window = {.kernel_size = 1}},
                  layer.bias, layer.algorithm>;

  static constexpr int lower(Graph& g, int x) {
    const Shape from = g.layout(x, input);  // before a Flatten
    const kernels::ConvGeometry layout{.input = {from.channels},
                                       .output = {layer.out_features},
                                       .window = {.kernel_size = {from.height, from.width}}};
    return g.add(Kernels::op("Linear", x), layer.output(input),
                 {Tensor::weight(layout, 2), Kernels::bias()});
  }
};

}  // namespace etch
