// 2-d convolution on NHWC activations: forward, input gradient, weight gradient.
// https://pytorch.org/docs/stable/generated/torch.nn.Conv2d.html
// A fully connected layer is the same kernel over 1x1 images.
#pragma once
#include <etch/kernels/conv2d_scratch.hpp>
#include <etch/kernels/winograd.hpp>

#include <cstddef>

namespace etch::kernels {

// What is done to a sum of products before it is stored:
// y = relu?(sum * scale + shift + skip). A null pointer leaves its part out.
struct Epilogue {
  const float* scale = nullptr;  // (C)
  const float* shift = nullptr;  // (C): a bias, or a folded batch norm's shift
  const float* skip = nullptr;   // as y; may be y itself: the sum goes onto it
  bool relu = false;
};

struct ConvForward {
  const ConvGeometry& geometry;
  std::size_t batch, threads;
  const float* x;       // (N, H, W, I)
  const float* weight;  // weight_index
  float* y;             // (N, H', W', O); overlaps neither x nor weight
  Epilogue epilogue;
  std::byte* scratch;  // conv2d_forward_scratch bytes, aligned to 64
};

struct ConvInputGradient {
  const ConvGeometry& geometry;
  std::size_t batch, threads;
  const float* dy;      // (N, H', W', O)
  const float* weight;  // weight_index
  float* dx;            // (N, H, W, I)
  bool accumulate;      // dx += instead of dx =
  std::byte* scratch;   // conv2d_input_gradient_scratch bytes, aligned to 64
};

struct ConvWeightGradient {
  const ConvGeometry& geometry;
  std::size_t batch, threads;
  const float* x;      // (N, H, W, I)
  const float* dy;     // (N, H', W', O)
  float* dweight;      // weight_index
  float* dbias;        // (O), or null
  bool accumulate;     // both += instead of =
  std::byte* scratch;  // conv2d_weight_gradient_scratch bytes, aligned to 64
};

// Algorithm::gemm: implicit GEMM over the tensors as they are; no im2col buffer.
void conv2d_forward(const ConvForward&);
void conv2d_input_gradient(const ConvInputGradient&);
void conv2d_weight_gradient(const ConvWeightGradient&);

// Algorithm::loops: the definition, tap by tap; small code, no scratch (scratch may be null). The
// weight gradient runs on one thread.
void conv2d_forward_loops(const ConvForward&);
void conv2d_input_gradient_loops(const ConvInputGradient&);
void conv2d_weight_gradient_loops(const ConvWeightGradient&);

// The functions that serve one geometry, Algorithm::unrolled or gemm. Firmware has several, of
// which only those that are used are in the flash.
#if !(defined(ETCH_HEADER_ONLY) && defined(HWY_COMPILE_ONLY_SCALAR))
constexpr Images images_of(const ConvGeometry&, std::size_t) { return Images::any; }
template <ConvGeometry g, Images = Images::any, bool unrolled = false>
struct ConvKernels {
  static constexpr auto* forward = conv2d_forward;
  static constexpr auto* input_gradient = conv2d_input_gradient;
  static constexpr auto* weight_gradient = conv2d_weight_gradient;
  static constexpr std::size_t forward_scratch(std::size_t batch, std::size_t threads) {
    return conv2d_forward_scratch(g, batch, threads);
  }
};
#endif

}  // namespace etch::kernels

#if defined(ETCH_HEADER_ONLY)
// For programs with globals of one letter.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#include <etch/kernels/conv2d-inl.hpp>
#include <etch/kernels/conv2d_loops.hpp>
#pragma GCC diagnostic pop
#endif
