// Fully connected layer. PyTorch equivalent: torch.nn.Linear
// https://pytorch.org/docs/stable/generated/torch.nn.Linear.html
#pragma once
#include <etch/kernels/conv2d.hpp>
#include <etch/layer.hpp>

namespace etch {

// y = x W^T + b. Parameters: weight (out_features, in_features), bias (out_features).
struct Linear {
  std::size_t in_features = 0;  // derived; where given, checked
  std::size_t out_features = 0;
  bool bias = true;

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

  // A 1x1 convolution over images of one pixel.
  static constexpr kernels::ConvGeometry geometry{
      .input = {in}, .output = {layer.out_features}, .window = {.kernel_size = 1}};
  static constexpr std::size_t weights = geometry.weights();

  static void forward(const Call& c) {
    const float* bias = layer.bias ? c.parameters + weights : nullptr;
    kernels::conv2d_forward(
        {geometry, c.batch, c.threads, c.x, c.parameters, c.y, {.shift = bias}, c.scratch});
  }
  static void backward(const Call& c) {
    if (c.gradients != nullptr) {
      kernels::conv2d_weight_gradient({geometry, c.batch, c.threads, c.x, c.dy, c.gradients,
                                       layer.bias ? c.gradients + weights : nullptr, c.accumulate,
                                       c.scratch});
    }
    if (c.dx != nullptr) {
      kernels::conv2d_input_gradient(
          {geometry, c.batch, c.threads, c.dy, c.parameters, c.dx, c.accumulate_dx, c.scratch});
    }
  }
  static constexpr std::size_t forward_scratch(std::size_t batch, std::size_t threads) {
    return kernels::conv2d_forward_scratch(geometry, batch, threads);
  }
  static constexpr std::size_t backward_scratch(std::size_t batch, std::size_t threads) {
    const std::size_t dx = kernels::conv2d_input_gradient_scratch(geometry, batch, threads);
    const std::size_t dw = kernels::conv2d_weight_gradient_scratch(geometry, batch, threads);
    return dx > dw ? dx : dw;
  }
  static constexpr int lower(Graph& g, int x) {
    const Shape from = g.layout(x, input);  // before a Flatten
    const kernels::ConvGeometry layout{.input = {from.channels},
                                       .output = {layer.out_features},
                                       .window = {.kernel_size = {from.height, from.width}}};
    return g.add(
        {.kind = "Linear",
         .forward = forward,
         .backward = backward,
         .x = x,
         .dw_needs = Needs::input,
         .accumulates = true,
         .macs = weights,
         .forward_scratch = forward_scratch,
         .backward_scratch = backward_scratch},
        layer.output(input),
        {Tensor::weight(layout, 2),
         Tensor::vector("bias", {layer.bias ? layer.out_features : 0}, Initial::uniform, in)});
  }
};

}  // namespace etch
