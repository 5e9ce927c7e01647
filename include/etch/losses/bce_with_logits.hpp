// Binary cross entropy of each output. PyTorch equivalent: torch.nn.BCEWithLogitsLoss
// https://pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html
#pragma once
#include <etch/contract.hpp>
#include <etch/layer.hpp>
#include <etch/loss.hpp>

namespace etch {

// Binary cross entropy of logits: the sigmoid is inside. The mean over all outputs of all
// images. Targets: as the output, (N, H, W, C), probabilities in [0, 1]. `pos_weight` has a number
// a channel of the output, which multiplies the loss of what is there: above 1 it favours recall.
struct BCEWithLogitsLoss {
  LossWeights pos_weight = nullptr;  // a number a channel; null: all 1

  using Target = float;
  static constexpr std::size_t targets_per_image(std::size_t outputs) { return outputs; }

  float operator()(const LossCall<Target>& c) const {
    const std::size_t channels = count_or(pos_weight, 1);
    must(channels > 0 && c.outputs % channels == 0,
         "BCEWithLogitsLoss: pos_weight must have one number a channel", channels, c.outputs);
    return kernels::binary_cross_entropy(
        {{c.batch * c.outputs, c.threads, c.scale, c.output, c.target, c.doutput},
         data_or_null(pos_weight),
         channels});
  }
};

template <BCEWithLogitsLoss loss, class Net>
struct LossOf<loss, Net> {
  static_assert(
      Equal<count_or(loss.pos_weight, Net::output_shape.channels), Net::output_shape.channels>,
      "BCEWithLogitsLoss: pos_weight must have one number a channel");
  static_assert(are_weights(loss.pos_weight),
                "BCEWithLogitsLoss: pos_weight must be finite and at least 0");
  static_assert(!same_text(Net::graph.last_kind(), "Sigmoid"),
                "BCEWithLogitsLoss: the network must end before its Sigmoid, which the loss holds");
};

}  // namespace etch
