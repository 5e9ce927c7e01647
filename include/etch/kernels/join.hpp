// Several values become one: channels side by side, and products.
#pragma once
#include <etch/compiler.hpp>

#include <cstddef>

namespace etch::kernels {

// y = x, or y += x, of `channels` numbers a row; rows of x and y begin a stride apart.
struct CopyChannels {
  std::size_t rows, channels, threads;
  const float* x;
  std::size_t x_stride;
  float* y;
  std::size_t y_stride;
  bool accumulate;
};
void copy_channels(const CopyChannels&);

// y = a * b. y may be a, or b.
struct Multiply {
  std::size_t size, threads;
  const float* a;
  const float* b;
  float* y;
};
void multiply(const Multiply&);

// y = x * gate, of (images, pixels, channels) and (images, channels). y may be x.
struct MultiplyChannels {
  std::size_t images, pixels, channels, threads;
  const float* x;
  const float* gate;
  float* y;
};
void multiply_channels(const MultiplyChannels&);

// dgate = sum over the pixels of x * dy.
struct GateGradient {
  std::size_t images, pixels, channels, threads;
  const float* x;
  const float* dy;
  float* dgate;
};
void gate_gradient(const GateGradient&);

}  // namespace etch::kernels

#if defined(ETCH_HEADER_ONLY)
// For programs with globals of one letter.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#include <etch/kernels/join-inl.hpp>
#pragma GCC diagnostic pop
#endif
