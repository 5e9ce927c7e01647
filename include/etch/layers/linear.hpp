// Fully connected layer. PyTorch equivalent: torch.nn.Linear
// https://pytorch.org/docs/stable/generated/torch.nn.Linear.html
#pragma once
#include <etch/layers/convolution.hpp>

namespace etch {

// Fully connected layer: y = x W^T + b: (N, in_features) to (N, out_features). Parameters: weight
// (out_features, in_features), bias (out_features).
struct Linear {
  std::size_t in_features = 0;            // derived; where given, checked
  std::size_t out_features = 0;           // numbers of the output
  bool bias = true;                       // one number an output is added
  Algorithm algorithm = Algorithm::gemm;  // what computes it

  static constexpr const char* name = "Linear";
  static constexpr void fields(auto& l, const auto& visit) {
    visit("in_features", l.in_features);
    visit("out_features", l.out_features);
    visit("bias", l.bias);
    visit("algorithm", l.algorithm);
  }
  constexpr Shape output(Shape) const { return {out_features}; }

  constexpr Problem check(Value x) const {
    const std::size_t size = x.shape.elements();
    return Rules()
        .equal(in_features ? in_features : size, size,
               "Linear: in_features must equal the size of the input")
        .equal(size, x.shape.channels,
               "Linear: the input must be a vector: put a Flatten before it")
        .at_least(out_features, 1, "Linear: out_features must be at least 1");
  }

  constexpr Value lower(Graph& g, Value x) const {
    const kernels::ConvGeometry geometry{
        .input = x.shape, .output = {out_features}, .window = {.kernel_size = 1}};
    // Weights lie as the features do, which before a Flatten are an image.
    const kernels::ConvGeometry layout{
        .input = {x.layout.channels},
        .output = {out_features},
        .window = {.kernel_size = {x.layout.height, x.layout.width}}};
    return lower_convolution(g, x, name,
                             {.geometry = geometry, .algorithm = algorithm, .bias = bias},
                             Tensor::weight(layout, 2));
  }
};

}  // namespace etch
