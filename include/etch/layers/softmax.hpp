// Softmax over the channels. PyTorch equivalent: torch.nn.Softmax(dim=1)
// https://pytorch.org/docs/stable/generated/torch.nn.Softmax.html
#pragma once
#include <etch/kernels/elementwise.hpp>
#include <etch/layer.hpp>

namespace etch {

// y = exp(x) / sum(exp(x)) over the channels of each pixel (the features, after Flatten).
// For training on class labels leave it out: CrossEntropyLoss holds it.
struct Softmax {
  constexpr Shape output(Shape x) const { return x; }
};

template <Softmax layer, Shape input>
struct Module<layer, input> {
  static constexpr std::size_t rows = input.height * input.width, columns = input.channels;

  static void forward(const Call& c) {
    kernels::softmax({c.batch * rows, columns, c.threads, c.x, c.y});
  }
  static void backward(const Call& c) {
    kernels::softmax_gradient({c.batch * rows, columns, c.threads, c.y, c.dy, c.dx});
  }
  static constexpr int lower(Graph& g, int x) {
    return g.add({.kind = "Softmax",
                  .forward = forward,
                  .backward = backward,
                  .x = x,
                  .dx_needs = Needs::output,
                  .in_place = true},
                 g.layout(x, input));
  }
};

}  // namespace etch
