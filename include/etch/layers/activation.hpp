// What the activations share: an elementwise function whose gradient is made from its output.
#pragma once
#include <etch/kernels/elementwise.hpp>
#include <etch/layer.hpp>

namespace etch {

struct Activation {
  [[gnu::always_inline]] static void forward(const Call& c, const Attributes& a) {
    kernels::activation({a.function, a.negative_slope, c.batch * a.inputs(), c.threads, c.x, c.y});
  }
  [[gnu::always_inline]] static void backward(const Call& c, const Attributes& a) {
    kernels::activation_gradient(
        {a.function, a.negative_slope, c.batch * a.inputs(), c.threads, c.y, c.dy, c.dx});
  }
  static constexpr Value lower(Graph& g, Value x, const char* kind, kernels::Function function,
                               float negative_slope = 0) {
    const bool relu = function == kernels::Function::relu;
    return g.add({.kind = kind,
                  .attributes = {.geometry = {.input = x.shape},
                                 .function = function,
                                 .negative_slope = negative_slope},
                  .forward = forward,
                  .backward = backward,
                  .x = x.id,
                  .dx_needs = Needs::output,
                  .in_place = true,
                  .elementwise = true,
                  .fusion = relu ? Fusion::relu : Fusion::nothing},
                 x);
  }
};

}  // namespace etch
