// Cross entropy of class labels. PyTorch equivalent: torch.nn.CrossEntropyLoss
// https://pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html
#pragma once
#include <etch/contract.hpp>
#include <etch/layer.hpp>
#include <etch/loss.hpp>

namespace etch {

// Takes logits: the softmax is inside. Targets: one class index an image, in [0, classes): a
// contract. Where it isn't checked an image with another label, as PyTorch's ignore_index, adds
// nothing to loss, gradient and divisor; where all have one, the loss and the gradient are 0.
// label_smoothing moves that share of the target evenly to all classes.
struct CrossEntropyLoss {
  float label_smoothing = 0;

  using Target = std::int32_t;
  static constexpr std::size_t targets_per_image(std::size_t) { return 1; }

  float operator()(const LossCall<Target>& c) const {
    for (std::size_t n = 0; checks_contracts && n < c.batch; ++n) {
      must(c.target[n] >= 0 && static_cast<std::size_t>(c.target[n]) < c.outputs,
           "CrossEntropyLoss: a label must be at least 0 and below the number of classes",
           c.target[n], c.outputs);
    }
    return kernels::cross_entropy(
        {c.batch, c.outputs, c.threads, label_smoothing, c.scale, c.output, c.target, c.doutput});
  }
};

template <CrossEntropyLoss loss, class Net>
struct LossOf<loss, Net> {
  static_assert(loss.label_smoothing >= 0, "CrossEntropyLoss: label_smoothing must be at least 0");
  static_assert(loss.label_smoothing <= 1, "CrossEntropyLoss: label_smoothing must be at most 1");
  static_assert(Equal<Net::output_shape.height * Net::output_shape.width, 1u>,
                "CrossEntropyLoss: the output must be a vector, one number a class, not an image");
  static_assert(!same_text(Net::graph.last_kind(), "Softmax"),
                "CrossEntropyLoss: the network must end before its Softmax, which the loss holds");
};

}  // namespace etch
