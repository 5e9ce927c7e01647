// Max and average pools on NHWC activations. Every window meets the image. Padding never wins a
// maximum, and counts as zeros in an average where count_include_pad says so.
// https://pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html
// https://pytorch.org/docs/stable/generated/torch.nn.AvgPool2d.html
#pragma once
#include <etch/compiler.hpp>
#include <etch/shape.hpp>

#include <cstddef>
#include <cstdint>

namespace etch::kernels {

struct MaxPoolForward {
  Shape input, output;
  Window window;  // at most 256 taps
  std::size_t batch, threads;
  const float* x;        // (N, H, W, C)
  std::uint8_t* argmax;  // (N, H', W', C): the first tap that holds the maximum (row-major), the
                         // last one that holds a NaN; or null
  float* y;              // (N, H', W', C)
};
void max_pool_forward(const MaxPoolForward&);

struct MaxPoolGradient {
  Shape input, output;
  Window window;
  std::size_t batch, threads;
  const float* dy;
  const std::uint8_t* argmax;
  float* dx;
};
void max_pool_gradient(const MaxPoolGradient&);

// A global average pool is the one whose kernel is the whole input.
struct AvgPoolForward {
  Shape input, output;
  Window window;  // dilation 1
  bool count_include_pad;
  std::size_t batch, threads;
  const float* x;
  float* y;
};
void avg_pool_forward(const AvgPoolForward&);

struct AvgPoolGradient {
  Shape input, output;
  Window window;
  bool count_include_pad;
  std::size_t batch, threads;
  const float* dy;
  float* dx;
};
void avg_pool_gradient(const AvgPoolGradient&);

}  // namespace etch::kernels

#if defined(ETCH_HEADER_ONLY)
// For programs with globals of one letter.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#include <etch/kernels/pool-inl.hpp>
#pragma GCC diagnostic pop
#endif
