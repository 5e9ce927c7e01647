// What a loss is: a structural value that makes one number and the gradient of the output.
#pragma once
#include <etch/kernels/loss.hpp>

#include <concepts>
#include <cstddef>

namespace etch {

template <class T>
struct LossCall {
  std::size_t batch, outputs, threads;  // outputs of one image
  float scale;                          // of the gradient, not of the loss
  const float* output;                  // (batch, outputs)
  const T* target;                      // (batch, targets_per_image)
  float* doutput;                       // (batch, outputs); null: not wanted
};

template <class T>
concept Loss = requires(const T loss, const LossCall<typename T::Target>& call) {
  { loss(call) } -> std::same_as<float>;
  { T::targets_per_image(std::size_t{}) } -> std::same_as<std::size_t>;
};

// A loss of a network, as Module is a layer at a shape: a specialisation has static_asserts that
// refuse wrong numbers and networks, one sentence each.
template <auto loss, class Net>
struct LossOf {};

}  // namespace etch
