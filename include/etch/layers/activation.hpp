// What the activations share: an elementwise function whose gradient is made from its output.
#pragma once
#include <etch/kernels/elementwise.hpp>
#include <etch/layer.hpp>
#include <etch/text.hpp>

namespace etch {

struct Slope {
  float negative = 0;
};

template <Text kind, kernels::Function function, Slope slope, Shape input>
struct ActivationModule {
  static void forward(const Call& c) {
    kernels::activation(
        {function, slope.negative, c.batch * input.elements(), c.threads, c.x, c.y});
  }
  static void backward(const Call& c) {
    kernels::activation_gradient(
        {function, slope.negative, c.batch * input.elements(), c.threads, c.y, c.dy, c.dx});
  }
  static constexpr int lower(Graph& g, int x) {
    return g.add({.kind = StaticText<kind>::value,
                  .forward = forward,
                  .backward = backward,
                  .x = x,
                  .dx_needs = Needs::output,
                  .in_place = true,
                  .elementwise = true,
                  .fusion = function == kernels::Function::relu ? Fusion::relu : Fusion::nothing,
                  .slope = slope.negative},
                 g.layout(x, input));
  }
};

}  // namespace etch
