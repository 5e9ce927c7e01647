// Batch normalisation over rows of channels, any rank: (rows, channels), channels contiguous.
// https://pytorch.org/docs/stable/generated/torch.nn.BatchNorm2d.html
//
// Accuracy, for any input whose sum of squares a float can hold. With u = 2^-24, X the largest |x|
// of the channel, s = inv_std, h = (x - mean) * s: results differ from exact arithmetic by at most
//   y            16 u (|weight| s X + |weight h| + |bias|)
//   dx           16 u |weight| s (|dy| + mean |dy|) (1 + s X) (1 + |h|)^2
//   dweight      16 u (sum |dy h| + sum |dy| (1 + s X))
//   running_var  32 u (var + eps) of what it moves to
// The term s X is what rounding the mean to a float costs: a batch of two close values, far from
// 0, has few digits left. PyTorch's float32 loses them too, up to 100 times more over many rows.
#pragma once
#include <etch/compiler.hpp>

#include <cstddef>

namespace etch::kernels {

// y = (x - mean) / sqrt(var + eps) * weight + bias with the batch's own mean and variance.
struct BatchNormForward {
  std::size_t rows, channels, threads;
  float eps, momentum;
  const float* x;
  const float* weight;  // (C), or null: 1
  const float* bias;    // (C), or null: 0
  float* running_mean;  // (C), moved by momentum towards the batch's mean; null: not kept
  float* running_var;   // (C), towards the unbiased variance
  float* mean;          // (C), saved for backward
  float* inv_std;       // (C), saved for backward: 1 / sqrt(var + eps)
  float* y;             // may be x
};
void batch_norm_forward(const BatchNormForward&);

// The same from the saved statistics: bit for bit the y of batch_norm_forward.
struct BatchNormApply {
  std::size_t rows, channels, threads;
  const float* x;
  const float* weight;   // or null
  const float* bias;     // or null
  const float* mean;     // (C)
  const float* inv_std;  // (C)
  float* y;              // may be x
};
void batch_norm_apply(const BatchNormApply&);

// Evaluation: the running statistics. y may be x.
struct BatchNormInference {
  std::size_t rows, channels, threads;
  float eps;
  const float* x;
  const float* weight;  // or null
  const float* bias;    // or null
  const float* running_mean;
  const float* running_var;
  float* y;
};
void batch_norm_inference(const BatchNormInference&);

// Evaluation as y = x * scale + shift: scale = weight / sqrt(running_var + eps),
// shift = bias - running_mean * scale.
struct BatchNormFold {
  std::size_t channels;
  float eps;
  const float* weight;  // or null
  const float* bias;    // or null
  const float* running_mean;
  const float* running_var;
  float* scale;  // (C)
  float* shift;  // (C)
};
void batch_norm_fold(const BatchNormFold&);

struct BatchNormGradient {
  std::size_t rows, channels, threads;
  const float* x;
  const float* dy;
  const float* weight;   // or null
  const float* mean;     // saved by forward
  const float* inv_std;  // saved by forward
  float* dx;             // may be dy; null: not wanted
  float* dweight;        // (C), or null
  float* dbias;          // (C), or null
  bool accumulate;       // dweight and dbias += instead of =
};
void batch_norm_gradient(const BatchNormGradient&);

// Input gradient in evaluation (a frozen layer): dx = dy * weight / sqrt(running_var + eps).
struct BatchNormInferenceGradient {
  std::size_t rows, channels, threads;
  float eps;
  const float* dy;
  const float* weight;  // or null
  const float* running_var;
  float* dx;  // may be dy
};
void batch_norm_inference_gradient(const BatchNormInferenceGradient&);

}  // namespace etch::kernels

#if defined(ETCH_HEADER_ONLY)
// For programs with globals of one letter.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#include <etch/kernels/batch_norm-inl.hpp>
#pragma GCC diagnostic pop
#endif
