// Softmax over the channels. PyTorch equivalent: torch.nn.Softmax(dim=1)
// https://pytorch.org/docs/stable/generated/torch.nn.Softmax.html
#pragma once
#include <etch/kernels/elementwise.hpp>
#include <etch/layer.hpp>

namespace etch {

// y = exp(x) / sum(exp(x)) over the channels of each pixel (the features, after Flatten).
// For training on class labels leave it out: CrossEntropyLoss holds it.
struct Softmax {
  static constexpr const char* name = "Softmax";
  static constexpr void fields(auto&, const auto&) {}
  constexpr Shape output(Shape x) const { return x; }
  constexpr Value lower(Graph& g, Value x) const {
    return g.add({.kind = name,
                  .attributes = {.geometry = {.input = x.shape}},
                  .forward = forward,
                  .backward = backward,
                  .x = x.id,
                  .dx_needs = Needs::output,
                  .in_place = true},
                 x);
  }
  [[gnu::always_inline]] static void forward(const Call& c, const Attributes& a) {
    kernels::softmax({rows(c, a), a.geometry.input.channels, c.threads, c.x, c.y});
  }
  [[gnu::always_inline]] static void backward(const Call& c, const Attributes& a) {
    kernels::softmax_gradient({rows(c, a), a.geometry.input.channels, c.threads, c.y, c.dy, c.dx});
  }
  // Pixels of all images.
  [[gnu::always_inline]] static std::size_t rows(const Call& c, const Attributes& a) {
    return c.batch * a.geometry.input.height * a.geometry.input.width;
  }
};

}  // namespace etch
