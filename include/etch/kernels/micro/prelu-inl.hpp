// ReLU with slopes that are learned, on a microcontroller. See prelu.hpp.
#pragma once
#include <etch/kernels/prelu.hpp>

#include <algorithm>

namespace etch::kernels::micro {

// One slope is a column of its own for every number.
inline HWY_NOINLINE void apply_slopes(const Prelu& a, const float* v) {
  const std::size_t columns = a.one_slope ? 1 : a.columns;
  const float *x = a.x, *end = a.x + a.rows * a.columns;
  for (float* y = a.y; x != end;) {
    for (std::size_t i = 0; i < columns; ++i, ++x, ++v, ++y) *y = *x > 0 ? *v : *v * a.slope[i];
  }
}

inline void prelu(const Prelu& a) { apply_slopes(a, a.x); }

// Of a column; in runs of 64, so that the error stays that of short sums.
inline float slope_gradient(const float* x, const float* dy, std::size_t rows, std::size_t stride) {
  float sum = 0;
  for (std::size_t left = rows; left > 0;) {
    const std::size_t run = std::min<std::size_t>(left, 64);
    float part = 0;
    for (std::size_t row = 0; row < run; ++row, x += stride, dy += stride) {
      if (!(*x > 0)) part += *x * *dy;
    }
    sum += part;
    left -= run;
  }
  return sum;
}

inline HWY_NOINLINE void prelu_gradient(const PreluGradient& a) {
  const std::size_t columns = a.one_slope ? 1 : a.columns, rows = a.rows * a.columns / columns;
  for (std::size_t i = 0; a.dslope != nullptr && i < columns; ++i) {
    const float sum = slope_gradient(a.x + i, a.dy + i, rows, columns);
    a.dslope[i] = a.accumulate ? a.dslope[i] + sum : sum;
  }
  if (a.dx == nullptr) return;
  apply_slopes({a.rows, a.columns, a.threads, a.one_slope, a.x, a.slope, a.dx}, a.dy);
}

}  // namespace etch::kernels::micro
