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

  static constexpr bool has_weights = false;
  static constexpr float weight_at(std::size_t) { return 1; }
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

// The same with a weight a class, by which rows count, and a class that is no label: a kernel of
// its own, so that firmware without them has neither.
struct WeightedCrossEntropy : CrossEntropy {
  const float* weight;  // (classes); null: all 1
  std::int32_t ignore_index;

  static constexpr bool has_weights = true;
  float weight_at(std::size_t i) const { return weight != nullptr ? weight[i] : 1.0f; }
  bool has_label(std::size_t row) const {
    return labels[row] != ignore_index && CrossEntropy::has_label(row);
  }
};
float weighted_cross_entropy(const WeightedCrossEntropy&);

// Outputs beside their targets, element by element.
struct Comparison {
  std::size_t size, threads;
  float scale;
  const float* output;
  const float* target;
  float* doutput;  // scale / size * the derivative of an element's loss; or null
};

// Mean of squared differences: https://pytorch.org/docs/stable/generated/torch.nn.MSELoss.html
float mean_squared_error(const Comparison&);

// Mean of absolute differences, whose derivative is 0 at 0 and at NaN, as PyTorch's:
// https://pytorch.org/docs/stable/generated/torch.nn.L1Loss.html
float mean_absolute_error(const Comparison&);

// Mean of factor * (v^2 / 2 where |v| <= delta, and delta * (|v| - delta / 2) beyond), v a
// difference: https://pytorch.org/docs/stable/generated/torch.nn.HuberLoss.html
struct Huber : Comparison {
  float delta, factor;
};
float huber(const Huber&);

// Mean of -(p t log(sigmoid(x)) + (1 - t) log(1 - sigmoid(x))), x an output and t its target:
// https://pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html
struct BinaryCrossEntropy : Comparison {
  const float* pos_weight;  // p: (channels), element i has that of i % channels; null: all 1
  std::size_t channels;
};
float binary_cross_entropy(const BinaryCrossEntropy&);

}  // namespace etch::kernels

#if defined(ETCH_HEADER_ONLY)
// For programs with globals of one letter.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#include <etch/kernels/loss-inl.hpp>
#pragma GCC diagnostic pop
#endif
