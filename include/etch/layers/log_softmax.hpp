// Softmax's logarithm over the channels. PyTorch equivalent: torch.nn.LogSoftmax(dim=1)
// https://pytorch.org/docs/stable/generated/torch.nn.LogSoftmax.html
#pragma once
#include <etch/layers/softmax.hpp>

namespace etch {

// y = x - log(sum(exp(x))) over the channels of each pixel (the features, after Flatten).
// CrossEntropyLoss on it is PyTorch's NLLLoss: the logarithm of what sums to 1 is 0.
struct LogSoftmax {
  static constexpr const char* name = "LogSoftmax";
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
    kernels::log_softmax({Softmax::rows(c, a), a.geometry.input.channels, c.threads, c.x, c.y});
  }
  [[gnu::always_inline]] static void backward(const Call& c, const Attributes& a) {
    kernels::log_softmax_gradient(
        {Softmax::rows(c, a), a.geometry.input.channels, c.threads, c.y, c.dy, c.dx});
  }
};

}  // namespace etch
