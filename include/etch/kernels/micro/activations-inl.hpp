// Activations on a microcontroller: plain loops, one function each, so that only those that a
// network uses are in its flash. See elementwise.hpp.
#pragma once
#include <hwy/base.h>
#include <etch/kernels/elementwise.hpp>

#include <bit>

namespace etch::kernels::micro {

// e^r - 1 for |r| <= ln(2) / 2.
inline float exp_minus_one_near_zero(float r) {
  float p = 1.9875691500e-4f * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  return p * (r * r) + r;
}

// e^x for x <= 0, within 2^-22 of it; below 2^-126 it is 0. x = n ln 2 + r, and e^r by the
// polynomial of Cephes' expf: https://www.netlib.org/cephes/
inline HWY_NOINLINE float exp_negative(float x) {
  if (!(x >= -87.3f)) return x != x ? x : 0.0f;
  const std::int32_t n = static_cast<std::int32_t>(x * 1.44269504f - 0.5f);
  const float k = static_cast<float>(n);
  const float r = x - k * 0.693359375f + k * 2.12194440e-4f;
  return (exp_minus_one_near_zero(r) + 1.0f) * std::bit_cast<float>((n + 127) << 23);
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

inline HWY_NOINLINE void hardtanh(std::size_t size, float low, float high, const float* x,
                                  float* y) {
  map(size, x, y, [=](float v) { return v < low ? low : v > high ? high : v; });
}
inline HWY_NOINLINE void elu(std::size_t size, float alpha, const float* x, float* y) {
  map(size, x, y, [alpha](float v) {
    if (!(v <= 0)) return v;
    return alpha * (v > -0.34f ? exp_minus_one_near_zero(v) : exp_negative(v) - 1.0f);
  });
}
inline float hardsigmoid_of(float x) {
  const float v = x + 3.0f;
  return (v < 0 ? 0.0f : v > 6 ? 6.0f : v) * (1.0f / 6);
}
inline HWY_NOINLINE void hardsigmoid(std::size_t size, const float* x, float* y) {
  map(size, x, y, hardsigmoid_of);
}
inline HWY_NOINLINE void hardswish(std::size_t size, const float* x, float* y) {
  map(size, x, y, [](float v) { return v * hardsigmoid_of(v); });
}
inline HWY_NOINLINE void silu(std::size_t size, const float* x, float* y) {
  map(size, x, y, [](float v) { return v * sigmoid_of(v); });
}

// The normal distribution, and its density where that is asked for: as in activations-inl.hpp.
inline HWY_NOINLINE float normal(float x, float* density = nullptr) {
  constexpr float p[] = {0.05395512283f, -0.2826872766f, 0.5854062438f,
                         -0.5457886457f, 0.1377577335f,  0.01506872568f,
                         0.1537979543f,  0.1909810007f,  0.1915092468f};
  const float e = exp_negative(x * x * -0.5f);
  const float t = 1.0f / (1.0f + 0.48f * (x < 0 ? -x : x));
  float sum = 0;
  for (const float k : p) sum = sum * t + k;
  if (density != nullptr) *density = e * 0.3989422804f;
  const float tail = e * (sum * t);
  return x < 0 ? tail : 1.0f - tail;
}
inline HWY_NOINLINE void gelu(std::size_t size, const float* x, float* y) {
  map(size, x, y, [](float v) { return v * normal(v); });
}
inline constexpr float gelu_a = 1.5957691216f, gelu_b = 0.0713548163f;
inline float gelu_square(float x) { return x < -64 || x > 64 ? 4096.0f : x * x; }
inline HWY_NOINLINE void gelu_tanh(std::size_t size, const float* x, float* y) {
  map(size, x, y, [](float v) { return v * sigmoid_of(v * (gelu_b * gelu_square(v) + gelu_a)); });
}

HWY_INLINE void activation(const Activation& a) {
  switch (a.function) {
    case Function::relu:
      return relu(a.size, a.x, a.y);
    case Function::relu6:
      return relu6(a.size, a.x, a.y);
    case Function::leaky_relu:
      return leaky_relu(a.size, a.alpha, a.x, a.y);
    case Function::sigmoid:
      return sigmoid(a.size, a.x, a.y);
    case Function::tanh:
      return tanh(a.size, a.x, a.y);
    case Function::hardtanh:
      return hardtanh(a.size, a.alpha, a.beta, a.x, a.y);
    case Function::elu:
      return elu(a.size, a.alpha, a.x, a.y);
    case Function::hardsigmoid:
      return hardsigmoid(a.size, a.x, a.y);
    case Function::hardswish:
      return hardswish(a.size, a.x, a.y);
    case Function::silu:
      return silu(a.size, a.x, a.y);
    case Function::gelu:
      return gelu(a.size, a.x, a.y);
    case Function::gelu_tanh:
      return gelu_tanh(a.size, a.x, a.y);
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

inline HWY_NOINLINE void hardtanh_gradient(std::size_t size, float low, float high, const float* y,
                                           const float* dy, float* dx) {
  map(size, y, dy, dx, [=](float v, float g) { return v <= low || v >= high ? 0.0f : g; });
}
inline HWY_NOINLINE void elu_gradient(std::size_t size, float alpha, const float* y,
                                      const float* dy, float* dx) {
  map(size, y, dy, dx, [alpha](float v, float g) { return v <= 0 ? g * (v + alpha) : g; });
}
inline HWY_NOINLINE void hardsigmoid_gradient(std::size_t size, const float* y, const float* dy,
                                              float* dx) {
  map(size, y, dy, dx, [](float v, float g) { return v <= 0 || v >= 1 ? 0.0f : g * (1.0f / 6); });
}
inline HWY_NOINLINE void hardswish_gradient(std::size_t size, const float* x, const float* dy,
                                            float* dx) {
  map(size, x, dy, dx, [](float v, float g) {
    return g * (v < -3 ? 0.0f : v > 3 ? 1.0f : v * (1.0f / 3) + 0.5f);
  });
}
// s (1 - s) is the same for -x, and 1 - s is accurate there.
inline HWY_NOINLINE void silu_gradient(std::size_t size, const float* x, const float* dy,
                                       float* dx) {
  map(size, x, dy, dx,
      [](float v, float g) { return g * (sigmoid_of(v) * (1.0f + v * sigmoid_of(-v))); });
}
inline HWY_NOINLINE void gelu_gradient(std::size_t size, const float* x, const float* dy,
                                       float* dx) {
  map(size, x, dy, dx, [](float v, float g) {
    float density;
    const float distribution = normal(v, &density);
    return g * (distribution + v * density);
  });
}
inline HWY_NOINLINE void gelu_tanh_gradient(std::size_t size, const float* x, const float* dy,
                                            float* dx) {
  map(size, x, dy, dx, [](float v, float g) {
    const float square = gelu_square(v), w = v * (gelu_b * square + gelu_a);
    const float s = sigmoid_of(w), inner = 3 * gelu_b * square + gelu_a;
    return g * (s + s * sigmoid_of(-w) * (v * inner));
  });
}

HWY_INLINE void activation_gradient(const ActivationGradient& a) {
  switch (a.function) {
    case Function::relu:
      return relu_gradient(a.size, a.from, a.dy, a.dx);
    case Function::relu6:
      return relu6_gradient(a.size, a.from, a.dy, a.dx);
    case Function::leaky_relu:
      return leaky_relu_gradient(a.size, a.alpha, a.from, a.dy, a.dx);
    case Function::sigmoid:
      return sigmoid_gradient(a.size, a.from, a.dy, a.dx);
    case Function::tanh:
      return tanh_gradient(a.size, a.from, a.dy, a.dx);
    case Function::hardtanh:
      return hardtanh_gradient(a.size, a.alpha, a.beta, a.from, a.dy, a.dx);
    case Function::elu:
      return elu_gradient(a.size, a.alpha, a.from, a.dy, a.dx);
    case Function::hardsigmoid:
      return hardsigmoid_gradient(a.size, a.from, a.dy, a.dx);
    case Function::hardswish:
      return hardswish_gradient(a.size, a.from, a.dy, a.dx);
    case Function::silu:
      return silu_gradient(a.size, a.from, a.dy, a.dx);
    case Function::gelu:
      return gelu_gradient(a.size, a.from, a.dy, a.dx);
    case Function::gelu_tanh:
      return gelu_tanh_gradient(a.size, a.from, a.dy, a.dx);
  }
}

}  // namespace etch::kernels::micro
