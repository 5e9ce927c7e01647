// Losses: the mean over the batch and its gradient in one pass.
#pragma once
#include <cstddef>
#include <cstdint>

namespace etch::kernels {

// Cross entropy of softmax(logits) against class indices, mean over the rows.
// https://pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html
struct CrossEntropy {
  std::size_t rows, classes, threads;
  float label_smoothing;       // in [0, 1]
  float scale;                 // of the gradient, not of the loss
  const float* logits;         // (rows, classes)
  const std::int32_t* labels;  // (rows), each in [0, classes)
  float* dlogits;              // (rows, classes): scale / rows * (softmax - target); or null
};
float cross_entropy(const CrossEntropy&);  // the loss

// Mean of squared differences over all elements.
// https://pytorch.org/docs/stable/generated/torch.nn.MSELoss.html
struct MeanSquaredError {
  std::size_t size, threads;
  float scale;
  const float* output;
  const float* target;
  float* doutput;  // scale * 2 / size * (output - target); or null
};
float mean_squared_error(const MeanSquaredError&);

}  // namespace etch::kernels

#if defined(ETCH_HEADER_ONLY)
#include <etch/kernels/loss-inl.hpp>
#endif
