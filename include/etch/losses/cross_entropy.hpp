// Cross entropy of class labels. PyTorch equivalent: torch.nn.CrossEntropyLoss
// https://pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html
#pragma once
#include <etch/contract.hpp>
#include <etch/layer.hpp>
#include <etch/loss.hpp>

namespace etch {

// Cross entropy of logits, (N, classes), and class labels, (N): the softmax is inside. Targets:
// one class index an image, in [0, classes), or ignore_index: a contract. An image of ignore_index
// (where contracts aren't checked, of any label that is no class) adds nothing to loss, gradient
// and divisor; where all are, or have a weight of 0, the loss and the gradient are 0 (PyTorch's are
// NaN). label_smoothing moves that share of the target evenly to all classes. `weight` has a number
// a class: the mean is that of the images weighted by their labels'.
struct CrossEntropyLoss {
  float label_smoothing = 0;         // in [0, 1]
  std::int32_t ignore_index = -100;  // the label of images that don't count
  LossWeights weight = nullptr;      // a number a class; null: all 1

  using Target = std::int32_t;
  static constexpr std::size_t targets_per_image(std::size_t) { return 1; }

  // Inline, so that an image has only the kernel that these constants need.
  [[gnu::always_inline]] float operator()(const LossCall<Target>& c) const {
    must(count_or(weight, c.outputs) == c.outputs,
         "CrossEntropyLoss: weight must have one number a class", count_or(weight, c.outputs),
         c.outputs);
    for (std::size_t n = 0; checks_contracts && n < c.batch; ++n) {
      must(is_class(c.target[n], c.outputs) || c.target[n] == ignore_index,
           "CrossEntropyLoss: a label must be at least 0 and below the number of classes",
           c.target[n], c.outputs);
    }
    const kernels::CrossEntropy call{c.batch, c.outputs, c.threads, label_smoothing,
                                     c.scale, c.output,  c.target,  c.doutput};
    const bool plain = weight == nullptr && !is_class(ignore_index, c.outputs);
    return plain ? kernels::cross_entropy(call)
                 : kernels::weighted_cross_entropy({call, data_or_null(weight), ignore_index});
  }

 private:
  static constexpr bool is_class(std::int32_t label, std::size_t classes) {
    return label >= 0 && static_cast<std::size_t>(label) < classes;
  }
};

template <CrossEntropyLoss loss, class Net>
struct LossOf<loss, Net> {
  static_assert(loss.label_smoothing >= 0, "CrossEntropyLoss: label_smoothing must be at least 0");
  static_assert(loss.label_smoothing <= 1, "CrossEntropyLoss: label_smoothing must be at most 1");
  static_assert(
      Equal<count_or(loss.weight, Net::output_shape.channels), Net::output_shape.channels>,
      "CrossEntropyLoss: weight must have one number a class");
  static_assert(are_weights(loss.weight), "CrossEntropyLoss: weight must be finite and at least 0");
  static_assert(Equal<Net::output_shape.height * Net::output_shape.width, 1u>,
                "CrossEntropyLoss: the output must be a vector, one number a class, not an image");
  static_assert(!same_text(Net::graph.last_kind(), "Softmax"),
                "CrossEntropyLoss: the network must end before its Softmax, which the loss holds");
};

}  // namespace etch
