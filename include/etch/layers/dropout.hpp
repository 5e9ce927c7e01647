// Dropout. PyTorch equivalent: torch.nn.Dropout
// https://pytorch.org/docs/stable/generated/torch.nn.Dropout.html
#pragma once
#include <etch/kernels/elementwise.hpp>
#include <etch/layer.hpp>

namespace etch {

// Drops numbers at random. In training y = x / (1 - p) with probability 1 - p, else 0; in
// evaluation y = x, at no cost. Nothing is saved for backward: which elements stay is a function of
// the step and the index.
struct Dropout {
  float p = 0.5f;  // the share that is dropped, in [0, 1]

  static constexpr const char* name = "Dropout";
  static constexpr void fields(auto& l, const auto& visit) { visit("p", l.p); }
  constexpr Shape output(Shape x) const { return x; }
  constexpr Problem check(Value) const {
    return Rules()
        .holds(p >= 0, "Dropout: p must be at least 0")
        .holds(p <= 1, "Dropout: p must be at most 1");
  }
  constexpr Value lower(Graph& g, Value x) const {
    return g.add({.kind = name,
                  .attributes = {.geometry = {.input = x.shape}, .p = p},
                  .forward = forward,
                  .backward = backward,
                  .x = x.id,
                  .in_place = true,
                  .elementwise = true,
                  .only_in_training = true,
                  .draws = true},
                 x);
  }
  [[gnu::always_inline]] static void forward(const Call& c, const Attributes& a) {
    kernels::dropout({a.p, c.key, c.batch * a.inputs(), c.threads, c.x, c.y});
  }
  [[gnu::always_inline]] static void backward(const Call& c, const Attributes& a) {
    kernels::dropout({a.p, c.key, c.batch * a.inputs(), c.threads, c.dy, c.dx});
  }
};

}  // namespace etch
