// What a loss is: a structural value that makes one number and the gradient of the output.
#pragma once
#include <etch/kernels/loss.hpp>

#include <concepts>
#include <cstddef>
#include <limits>
#include <span>

namespace etch {

// A batch for a loss, whose targets are of type T. An image of the output is (H, W, C).
template <class T>
struct LossCall {
  std::size_t batch, outputs, threads;  // outputs of one image
  float scale;                          // of the gradient, not of the loss
  const float* output;                  // (batch, outputs)
  const T* target;                      // (batch, targets_per_image)
  float* doutput;                       // (batch, outputs); null: not wanted
};

// loss(call) returns the mean loss of the batch and, where doutput isn't null, writes its gradient
// times `scale` there. targets_per_image(outputs) says how many targets each image has. See
// losses/mse.hpp, and docs/training.md for one of your own.
template <class T>
concept Loss = requires(const T loss, const LossCall<typename T::Target>& call) {
  { loss(call) } -> std::same_as<float>;
  { T::targets_per_image(std::size_t{}) } -> std::same_as<std::size_t>;
};

// Weights of a loss, one a class or a channel of the output. A template argument can't hold an
// array of any length, but the address of what names one:
//
//   inline constexpr float rare[] = {1, 1, 8};
//   inline constexpr std::span<const float> weight = rare;
//   static Trainer<Net, CrossEntropyLoss{.weight = &weight}, Adam{}> trainer;
using LossWeights = const std::span<const float>*;

// How many weights there are, or `otherwise` where there are none.
constexpr std::size_t count_or(LossWeights weights, std::size_t otherwise) {
  return weights != nullptr ? weights->size() : otherwise;
}
// The weights, or null.
constexpr const float* data_or_null(LossWeights weights) {
  return weights != nullptr ? weights->data() : nullptr;
}
// Whether all weights are finite and at least 0.
constexpr bool are_weights(LossWeights weights) {
  for (std::size_t i = 0; i < count_or(weights, 0); ++i) {
    const float w = (*weights)[i];
    if (!(w >= 0 && w <= std::numeric_limits<float>::max())) return false;
  }
  return true;
}

// What a loss refuses: a specialisation for a loss has static_asserts that
// refuse wrong numbers and networks, one sentence each.
template <auto loss, class Net>
struct LossOf {};

}  // namespace etch
