// Activations, sums, dropout and softmax on a microcontroller: plain loops, one function each, so
// that only those that a network uses are in its flash. See elementwise.hpp.
#pragma once
#include <hwy/base.h>
#include <etch/kernels/elementwise.hpp>
#include <etch/random.hpp>

#include <bit>

namespace etch::kernels::micro {

// e^x for x <= 0, within 2^-22 of it; below 2^-126 it is 0. x = n ln 2 + r, and e^r by the
// polynomial of Cephes' expf: https://www.netlib.org/cephes/
inline HWY_NOINLINE float exp_negative(float x) {
  if (!(x >= -87.3f)) return x != x ? x : 0.0f;
  const std::int32_t n = static_cast<std::int32_t>(x * 1.44269504f - 0.5f);
  const float k = static_cast<float>(n);
  const float r = x - k * 0.693359375f + k * 2.12194440e-4f;
  float p = 1.9875691500e-4f * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1.0f;
  return p * std::bit_cast<float>((n + 127) << 23);
}

// y[i] = f(x[i]).
template <class F>
HWY_INLINE void map(std::size_t size, const float* x, float* y, const F& f) {
  for (const float* end = x + size; x != end; ++x, ++y) *y = f(*x);
}
// y[i] = f(a[i], b[i]).
template <class F>
HWY_INLINE void map(std::size_t size, const float* a, const float* b, float* y, const F& f) {
  for (const float* end = a + size; a != end; ++a, ++b, ++y) *y = f(*a, *b);
}

// NaN stays NaN, as in PyTorch.
inline HWY_NOINLINE void relu6(std::size_t size, const float* x, float* y) {
  map(size, x, y, [](float v) { return v < 0 ? 0.0f : v > 6 ? 6.0f : v; });
}
inline HWY_NOINLINE void relu(std::size_t size, const float* x, float* y) {
  map(size, x, y, [](float v) { return v < 0 ? 0.0f : v; });
}
inline HWY_NOINLINE void leaky_relu(std::size_t size, float slope, const float* x, float* y) {
  map(size, x, y, [slope](float v) { return v > 0 ? v : v * slope; });
}
inline float sigmoid_of(float x) {
  const float e = exp_negative(x < 0 ? x : -x);
  return (x < 0 ? e : 1.0f) / (1.0f + e);
}
inline HWY_NOINLINE void sigmoid(std::size_t size, const float* x, float* y) {
  map(size, x, y, sigmoid_of);
}
// (1 - e^-2|x|) / (1 + e^-2|x|); near 0, where that cancels, the odd polynomial of Cephes' tanhf.
inline float tanh_of(float x) {
  const float size = x < 0 ? -x : x;
  if (size < 0.625f) {
    const float z = x * x;
    float p = -5.70498872745e-3f * z + 2.06390887954e-2f;
    p = p * z - 5.37397155531e-2f;
    p = p * z + 1.33314422036e-1f;
    p = p * z - 3.33332819422e-1f;
    return p * z * x + x;
  }
  const float e = exp_negative(-2 * size), t = (1.0f - e) / (1.0f + e);
  return x < 0 ? -t : t;
}
inline HWY_NOINLINE void tanh(std::size_t size, const float* x, float* y) {
  map(size, x, y, tanh_of);
}

HWY_INLINE void activation(const Activation& a) {
  switch (a.function) {
    case Function::relu:
      return relu(a.size, a.x, a.y);
    case Function::relu6:
      return relu6(a.size, a.x, a.y);
    case Function::leaky_relu:
      return leaky_relu(a.size, a.negative_slope, a.x, a.y);
    case Function::sigmoid:
      return sigmoid(a.size, a.x, a.y);
    case Function::tanh:
      return tanh(a.size, a.x, a.y);
  }
}

inline HWY_NOINLINE void leaky_relu_gradient(std::size_t size, float slope, const float* y,
                                             const float* dy, float* dx) {
  map(size, y, dy, dx, [slope](float v, float g) { return v > 0 ? g : g * slope; });
}
// y, an output, is 0 where the slope is; dy passes where it is NaN.
inline HWY_NOINLINE void relu_gradient(std::size_t size, const float* y, const float* dy,
                                       float* dx) {
  map(size, y, dy, dx, [](float v, float g) { return v == 0 ? 0.0f : g; });
}
inline HWY_NOINLINE void relu6_gradient(std::size_t size, const float* y, const float* dy,
                                        float* dx) {
  map(size, y, dy, dx, [](float v, float g) { return v == 0 || v == 6 ? 0.0f : g; });
}
inline HWY_NOINLINE void sigmoid_gradient(std::size_t size, const float* y, const float* dy,
                                          float* dx) {
  map(size, y, dy, dx, [](float v, float g) { return g * ((1.0f - v) * v); });
}
inline HWY_NOINLINE void tanh_gradient(std::size_t size, const float* y, const float* dy,
                                       float* dx) {
  map(size, y, dy, dx, [](float v, float g) { return g * (1.0f - v * v); });
}

HWY_INLINE void activation_gradient(const ActivationGradient& a) {
  switch (a.function) {
    case Function::relu:
      return relu_gradient(a.size, a.y, a.dy, a.dx);
    case Function::relu6:
      return relu6_gradient(a.size, a.y, a.dy, a.dx);
    case Function::leaky_relu:
      return leaky_relu_gradient(a.size, a.negative_slope, a.y, a.dy, a.dx);
    case Function::sigmoid:
      return sigmoid_gradient(a.size, a.y, a.dy, a.dx);
    case Function::tanh:
      return tanh_gradient(a.size, a.y, a.dy, a.dx);
  }
}

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

}  // namespace etch::kernels::micro
