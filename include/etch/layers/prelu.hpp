// Rectified linear unit whose slope is learned. PyTorch equivalent: torch.nn.PReLU
// https://pytorch.org/docs/stable/generated/torch.nn.PReLU.html
#pragma once
#include <etch/kernels/prelu.hpp>
#include <etch/layer.hpp>

namespace etch {

// y = x where x > 0, else weight * x; any shape. Parameter: weight (num_parameters), one for all
// channels or one a channel (a feature, after Flatten). Training keeps its input.
struct PReLU {
  std::size_t num_parameters = 1;  // 1, or the channels of the input
  float init = 0.25f;              // what each begins with

  static constexpr const char* name = "PReLU";
  static constexpr void fields(auto& l, const auto& visit) {
    visit("num_parameters", l.num_parameters);
    visit("init", l.init);
  }
  constexpr Shape output(Shape x) const { return x; }
  constexpr Problem check(Value x) const {
    return Rules().equal(num_parameters, num_parameters == 1 ? 1 : x.shape.channels,
                         "PReLU: num_parameters must be 1 or the channels of the input");
  }
  constexpr Value lower(Graph& g, Value x) const {
    // After a Flatten the features lie as (height, width, channel); without one, only channels do.
    const bool is_vector = x.shape.height * x.shape.width == 1;
    const Shape features = is_vector ? x.layout : Shape{x.shape.channels};
    Tensor weight =
        Tensor::vector("weight", num_parameters == 1 ? Shape{1} : features, Initial::filled);
    weight.fill = init;
    return g.add({.kind = name,
                  .attributes = {.geometry = {.input = x.shape, .output = {num_parameters}}},
                  .forward = forward,
                  .backward = backward,
                  .x = x.id,
                  .dx_needs = Needs::input,
                  .dw_needs = Needs::input,
                  .in_place = true,
                  .elementwise = true},
                 x, {weight});
  }
  // Pixels of all images.
  [[gnu::always_inline]] static std::size_t rows(const Call& c, const Attributes& a) {
    return c.batch * a.geometry.input.height * a.geometry.input.width;
  }
  [[gnu::always_inline]] static void forward(const Call& c, const Attributes& a) {
    kernels::prelu({rows(c, a), a.geometry.input.channels, c.threads,
                    a.geometry.output.channels == 1, c.x, c.parameters, c.y});
  }
  [[gnu::always_inline]] static void backward(const Call& c, const Attributes& a) {
    kernels::prelu_gradient({rows(c, a), a.geometry.input.channels, c.threads,
                             a.geometry.output.channels == 1, c.x, c.parameters, c.dy, c.dx,
                             c.gradients, c.accumulate});
  }
};

}  // namespace etch
