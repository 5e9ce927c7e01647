// Losses: the mean over the batch and its gradient in one pass.
#pragma once
#include <etch/compiler.hpp>

#include <cstddef>
#include <cstdint>

namespace etch::kernels {

// Cross entropy of softmax(logits) against class indices, mean over the rows whose label is one: of
// the others nothing is read, and their gradient is 0. All others: the mean is 0.
// https://pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html
struct CrossEntropy {
  std::size_t rows, classes, threads;
  float label_smoothing;       // in [0, 1]
  float scale;                 // of the gradient, not of the loss
  const float* logits;         // (rows, classes)
  const std::int32_t* labels;  // (rows)
  float* dlogits;              // (rows, classes): scale / rows * (softmax - target); or null

  bool has_label(std::size_t row) const {
    return static_cast<std::size_t>(labels[row]) < classes;  // a negative one is large
  }
  std::size_t labelled_rows() const {
    std::size_t n = 0;
    for (std::size_t r = 0; r < rows; ++r) n += has_label(r);
    return n;
  }
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
// For programs with globals of one letter.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#include <etch/kernels/loss-inl.hpp>
#pragma GCC diagnostic pop
#endif
