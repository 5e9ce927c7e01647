// Sums, dropout and softmax on a microcontroller: plain loops, one function each, so
// that only those that a network uses are in its flash. See elementwise.hpp.
#pragma once
#include <hwy/base.h>
#include <etch/kernels/elementwise.hpp>
#include <etch/random.hpp>

#include <etch/kernels/micro/activations-inl.hpp>

namespace etch::kernels::micro {

inline HWY_NOINLINE void add(const Add& a) {
  map(a.size, a.a, a.b, a.y, [](float x, float y) { return x + y; });
}

// The bijection of elementwise-inl.hpp.
inline std::uint32_t scramble(std::uint32_t h) {
  h = (h ^ (h >> 16)) * 0x21F0AAADu;
  h = (h ^ (h >> 15)) * 0x735A2D97u;
  return h ^ (h >> 15);
}

// The mask of elementwise-inl.hpp: its keys change where an index's low 32 bits begin again.
inline HWY_NOINLINE void dropout(const Dropout& a) {
  const float factor = a.p < 1.0f ? 1.0f / (1.0f - a.p) : 0.0f;
  const auto threshold = static_cast<std::uint32_t>(a.p * 16777216.0f);
  std::uint64_t key = 0, index = 0;
  map(a.size, a.x, a.y, [&](float v) {
    const auto low = static_cast<std::uint32_t>(index);
    if (low == 0) key = spread_bits(a.key + (index >> 32) * golden_gamma);
    ++index;
    const std::uint32_t h = scramble(low ^ static_cast<std::uint32_t>(key));
    const bool dropped = scramble(h ^ static_cast<std::uint32_t>(key >> 32)) >> 8 < threshold;
    return v * (dropped ? 0.0f : factor);  // a dropped NaN stays one
  });
}

inline float maximum(std::size_t size, const float* x) {
  float most = x[0];
  for (const float* end = x + size; x != end; ++x) most = *x > most ? *x : most;
  return most;
}

// exp(x - max) to y; returns the sum.
inline float exponentials(std::size_t size, const float* x, float* y) {
  const float most = maximum(size, x);
  float sum = 0;
  for (const float* end = x + size; x != end; ++x, ++y) {
    const float e = exp_negative(*x - most);
    *y = e;
    sum += e;
  }
  return sum;
}

inline HWY_NOINLINE void softmax(const Softmax& a) {
  for (std::size_t at = 0; at < a.rows * a.columns; at += a.columns) {
    float* y = a.y + at;
    const float inverse = 1.0f / exponentials(a.columns, a.x + at, y);
    map(a.columns, y, y, [inverse](float e) { return e * inverse; });
  }
}

inline HWY_NOINLINE void softmax_gradient(const SoftmaxGradient& a) {
  for (std::size_t at = 0; at < a.rows * a.columns; at += a.columns) {
    const float *y = a.y + at, *dy = a.dy + at;
    float sum = 0;
    for (std::size_t i = 0; i < a.columns; ++i) sum += y[i] * dy[i];
    map(a.columns, y, dy, a.dx + at, [sum](float v, float g) { return v * (g - sum); });
  }
}

// The logarithm of x >= 1, within 2^-22 of it or 2^-24; the polynomial of Cephes' logf. NaN and
// infinity stay.
inline float log_of(float x) {
  if (!(x < 3e38f)) return x;
  const std::int32_t bits = std::bit_cast<std::int32_t>(x);
  // x = m 2^n with m from sqrt(1 / 2) to sqrt(2).
  const std::int32_t n = (bits - 0x3f3504f3) >> 23;
  const float m = std::bit_cast<float>(bits - (n << 23)) - 1.0f, z = m * m;
  float p = 7.0376836292e-2f * m - 1.1514610310e-1f;
  p = p * m + 1.1676998740e-1f;
  p = p * m - 1.2420140846e-1f;
  p = p * m + 1.4249322787e-1f;
  p = p * m - 1.6668057665e-1f;
  p = p * m + 2.0000714765e-1f;
  p = p * m - 2.4999993993e-1f;
  p = p * m + 3.3333331174e-1f;
  const float k = static_cast<float>(n);
  return m + (m * z * p - k * 2.12194440e-4f - 0.5f * z) + k * 0.693359375f;
}

inline HWY_NOINLINE void log_softmax(const Softmax& a) {
  for (std::size_t at = 0; at < a.rows * a.columns; at += a.columns) {
    const float *x = a.x + at, most = maximum(a.columns, x);
    float sum = 0;
    for (std::size_t i = 0; i < a.columns; ++i) sum += exp_negative(x[i] - most);
    const float rest = log_of(sum);
    map(a.columns, x, a.y + at, [=](float v) { return v - most - rest; });
  }
}

inline HWY_NOINLINE void log_softmax_gradient(const SoftmaxGradient& a) {
  for (std::size_t at = 0; at < a.rows * a.columns; at += a.columns) {
    const float *y = a.y + at, *dy = a.dy + at;
    float sum = 0;
    for (std::size_t i = 0; i < a.columns; ++i) sum += dy[i];
    map(a.columns, y, dy, a.dx + at, [sum](float v, float g) { return g - exp_negative(v) * sum; });
  }
}

}  // namespace etch::kernels::micro
