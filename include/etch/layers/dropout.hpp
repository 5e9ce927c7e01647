// Dropout. PyTorch equivalent: torch.nn.Dropout
// https://pytorch.org/docs/stable/generated/torch.nn.Dropout.html
#pragma once
#include <etch/kernels/elementwise.hpp>
#include <etch/layer.hpp>

namespace etch {

// In training y = x / (1 - p) with probability 1 - p, else 0; in evaluation y = x, at no cost.
// Nothing is saved for backward: which elements stay is a function of the step and the index.
struct Dropout {
  float p = 0.5f;

  constexpr Shape output(Shape x) const { return x; }
};

template <Dropout layer, Shape input>
struct Module<layer, input> {
  static_assert(layer.p >= 0, "Dropout: p must be at least 0");
  static_assert(layer.p <= 1, "Dropout: p must be at most 1");

  static void forward(const Call& c) {
    kernels::dropout({layer.p, c.key, c.batch * input.elements(), c.threads, c.x, c.y});
  }
  static void backward(const Call& c) {
    kernels::dropout({layer.p, c.key, c.batch * input.elements(), c.threads, c.dy, c.dx});
  }
  static constexpr int lower(Graph& g, int x) {
    return g.add({.kind = "Dropout",
                  .forward = forward,
                  .backward = backward,
                  .x = x,
                  .in_place = true,
                  .elementwise = true,
                  .only_in_training = true,
                  .draws = true},
                 g.layout(x, input));
  }
};

}  // namespace etch
