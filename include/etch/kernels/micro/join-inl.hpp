// Channels side by side, and products, on a microcontroller: plain loops, one function each. See
// join.hpp.
#pragma once
#include <hwy/base.h>
#include <etch/kernels/join.hpp>

namespace etch::kernels::micro {

inline HWY_NOINLINE void copy_channels(const CopyChannels& a) {
  const float* x = a.x;
  float* y = a.y;
  for (std::size_t row = 0; row < a.rows; ++row, x += a.x_stride, y += a.y_stride) {
    if (a.accumulate) {
      for (std::size_t i = 0; i < a.channels; ++i) y[i] += x[i];
    } else {
      for (std::size_t i = 0; i < a.channels; ++i) y[i] = x[i];
    }
  }
}

inline HWY_NOINLINE void multiply(const Multiply& a) {
  for (std::size_t i = 0; i < a.size; ++i) a.y[i] = a.a[i] * a.b[i];
}

inline HWY_NOINLINE void multiply_channels(const MultiplyChannels& a) {
  const float *x = a.x, *gate = a.gate;
  float* y = a.y;
  for (std::size_t n = 0; n < a.images; ++n, gate += a.channels) {
    for (std::size_t p = 0; p < a.pixels; ++p) {
      for (std::size_t i = 0; i < a.channels; ++i) *y++ = *x++ * gate[i];
    }
  }
}

inline HWY_NOINLINE void gate_gradient(const GateGradient& a) {
  const float *x = a.x, *dy = a.dy;
  float* dgate = a.dgate;
  for (std::size_t n = 0; n < a.images; ++n, dgate += a.channels) {
    for (std::size_t i = 0; i < a.channels; ++i) dgate[i] = 0;
    for (std::size_t p = 0; p < a.pixels; ++p) {
      for (std::size_t i = 0; i < a.channels; ++i) dgate[i] += *x++ * *dy++;
    }
  }
}

}  // namespace etch::kernels::micro
