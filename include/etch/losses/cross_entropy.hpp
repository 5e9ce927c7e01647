// Cross entropy of class labels. PyTorch equivalent: torch.nn.CrossEntropyLoss
// https://pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html
#pragma once
#include <etch/loss.hpp>

namespace etch {

// Takes logits: the softmax is inside. Targets: one class index an image, in [0, classes).
// label_smoothing moves that share of the target evenly to all classes.
struct CrossEntropyLoss {
  float label_smoothing = 0;

  using Target = std::int32_t;
  static constexpr std::size_t targets_per_image(std::size_t) { return 1; }

  float operator()(const LossCall<Target>& c) const {
    return kernels::cross_entropy(
        {c.batch, c.outputs, c.threads, label_smoothing, c.scale, c.output, c.target, c.doutput});
  }
};

}  // namespace etch
