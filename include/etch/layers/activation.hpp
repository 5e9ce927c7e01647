// What the activations share: an elementwise function whose gradient is made from its output, or
// from its input.
#pragma once
#include <etch/kernels/elementwise.hpp>
#include <etch/layer.hpp>

namespace etch {

struct Activation {
  kernels::Function function;
  float alpha = 0, beta = 0;  // see kernels::Function

  [[gnu::always_inline]] static void forward(const Call& c, const Attributes& a) {
    kernels::activation({a.function, a.alpha, c.batch * a.inputs(), c.threads, c.x, c.y, a.beta});
  }
  [[gnu::always_inline]] static void backward(const Call& c, const Attributes& a) {
    const float* from = kernels::needs_input(a.function) ? c.x : c.y;
    kernels::activation_gradient(
        {a.function, a.alpha, c.batch * a.inputs(), c.threads, from, c.dy, c.dx, a.beta});
  }
  constexpr Value lower(Graph& g, Value x, const char* kind) const {
    const bool relu = function == kernels::Function::relu;
    return g.add({.kind = kind,
                  .attributes = {.geometry = {.input = x.shape},
                                 .function = function,
                                 .alpha = alpha,
                                 .beta = beta},
                  .forward = forward,
                  .backward = backward,
                  .x = x.id,
                  .dx_needs = kernels::needs_input(function) ? Needs::input : Needs::output,
                  .in_place = true,
                  .elementwise = true,
                  .fusion = relu ? Fusion::relu : Fusion::nothing},
                 x);
  }
};

}  // namespace etch
