// Activations for one SIMD target. See elementwise.hpp.
#include <etch/kernels/elementwise.hpp>

#if defined(ETCH_KERNELS_ACTIVATIONS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef ETCH_KERNELS_ACTIVATIONS_INL
#undef ETCH_KERNELS_ACTIVATIONS_INL
#else
#define ETCH_KERNELS_ACTIVATIONS_INL
#endif

#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

#include <etch/kernels/lanes-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace etch::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// exp(x) for x <= 0. Highway's gives 0 for NaN, which would hide that training diverged.
template <class D, class V>
HWY_INLINE V exp_negative(D d, V x) {
  return hn::IfThenElse(hn::IsNaN(x), x, hn::Exp(d, x));
}

// 1 / (1 + exp(-x)) and 1 minus it, without ever raising e to a positive power: accurate at both
// ends.
template <class V>
struct SigmoidPair {
  V value, rest;
};
template <class D, class V>
HWY_INLINE SigmoidPair<V> sigmoid_pair(D d, V x) {
  const V one = hn::Set(d, 1.0f);
  const V e = exp_negative(d, hn::Neg(hn::Abs(x)));
  const auto is_low = hn::Lt(x, hn::Zero(d));
  const V all = hn::Add(one, e);
  return {hn::Div(hn::IfThenElse(is_low, e, one), all),
          hn::Div(hn::IfThenElse(is_low, one, e), all)};
}
template <class D, class V>
HWY_INLINE V sigmoid(D d, V x) {
  const V one = hn::Set(d, 1.0f);
  const V e = exp_negative(d, hn::Neg(hn::Abs(x)));
  return hn::Div(hn::IfThenElse(hn::Lt(x, hn::Zero(d)), e, one), hn::Add(one, e));
}

// The normal distribution and its density. The tail Phi(-|x|) is exp(-x^2 / 2) t P(t) with
// t = 1 / (1 + 0.48 |x|); P is fitted to within 2^-23 of it for |x| < 14.
template <class V>
struct Normal {
  V distribution, density;
};
template <class D, class V>
HWY_INLINE Normal<V> normal(D d, V x) {
  constexpr float p[] = {0.1915092468f,  0.1909810007f,  0.1537979543f,
                         0.01506872568f, 0.1377577335f,  -0.5457886457f,
                         0.5854062438f,  -0.2826872766f, 0.05395512283f};
  const V one = hn::Set(d, 1.0f), size = hn::Abs(x);
  const V e = exp_negative(d, hn::Mul(hn::Mul(x, x), hn::Set(d, -0.5f)));
  const V t = hn::Div(one, hn::MulAdd(size, hn::Set(d, 0.48f), one));
  V sum = hn::Set(d, p[8]);
  for (int k = 7; k >= 0; --k) sum = hn::MulAdd(sum, t, hn::Set(d, p[k]));
  const V tail = hn::Mul(e, hn::Mul(sum, t));
  return {hn::IfThenElse(hn::Lt(x, hn::Zero(d)), tail, hn::Sub(one, tail)),
          hn::Mul(e, hn::Set(d, 0.3989422804f))};
}

// max(low, min(x, high)), where a NaN stays one.
template <class D, class V>
HWY_INLINE V clipped(D d, V x, float low, float high) {
  const V a = hn::Set(d, low), b = hn::Set(d, high);
  return hn::IfThenElse(hn::Lt(x, a), a, hn::IfThenElse(hn::Gt(x, b), b, x));
}
template <class D, class V>
HWY_INLINE V hardsigmoid(D d, V x) {
  return hn::Mul(clipped(d, hn::Add(x, hn::Set(d, 3.0f)), 0, 6), hn::Set(d, 1.0f / 6));
}
template <class D, class V>
HWY_INLINE V elu(D d, V x, float alpha) {
  const V low = hn::Mul(hn::Expm1(d, hn::Min(x, hn::Zero(d))), hn::Set(d, alpha));
  return hn::IfThenElse(hn::Le(x, hn::Zero(d)), low, x);
}

// What GELU(approximate='tanh') takes the sigmoid of is x * (a + b x^2), which has no use beyond
// x = 64, where it is infinite soon.
template <class D, class V>
HWY_INLINE V gelu_square(D d, V x) {
  return hn::Min(hn::Mul(x, x), hn::Set(d, 4096.0f));
}
inline constexpr float gelu_a = 1.5957691216f, gelu_b = 0.0713548163f;
template <class D, class V>
HWY_INLINE V gelu_exponent(D d, V x) {
  const V factor = hn::MulAdd(gelu_square(d, x), hn::Set(d, gelu_b), hn::Set(d, gelu_a));
  return hn::Mul(x, factor);
}

// y = f(d, x) of each.
template <class F>
HWY_INLINE void map(const Activation& a, const F& f) {
  const float* x = a.x;
  float* y = a.y;
  for_chunks(a.threads, a.size, [x, y, f](auto d, std::size_t i) HWY_ATTR {
    hn::StoreU(f(d, hn::LoadU(d, x + i)), d, y + i);
  });
}

inline void activation(const Activation& a) {
  const float alpha = a.alpha, beta = a.beta;
  switch (a.function) {
    case Function::relu:
      return map(a, [](auto d, auto x) HWY_ATTR { return relu(d, x); });
    case Function::relu6:
      return map(a, [](auto d, auto x) HWY_ATTR {
        const auto six = hn::Set(d, 6.0f);
        return relu(d, hn::IfThenElse(hn::Gt(x, six), six, x));
      });
    case Function::leaky_relu:
      return map(a, [alpha](auto d, auto x) HWY_ATTR {
        return hn::IfThenElse(hn::Gt(x, hn::Zero(d)), x, hn::Mul(x, hn::Set(d, alpha)));
      });
    case Function::sigmoid:
      return map(a, [](auto d, auto x) HWY_ATTR { return sigmoid(d, x); });
    case Function::tanh:
      return map(a, [](auto d, auto x) HWY_ATTR { return hn::Tanh(d, x); });
    case Function::hardtanh:
      return map(a, [alpha, beta](auto d, auto x) HWY_ATTR { return clipped(d, x, alpha, beta); });
    case Function::elu:
      return map(a, [alpha](auto d, auto x) HWY_ATTR { return elu(d, x, alpha); });
    case Function::hardsigmoid:
      return map(a, [](auto d, auto x) HWY_ATTR { return hardsigmoid(d, x); });
    case Function::hardswish:
      return map(a, [](auto d, auto x) HWY_ATTR { return hn::Mul(x, hardsigmoid(d, x)); });
    case Function::silu:
      return map(a, [](auto d, auto x) HWY_ATTR { return hn::Mul(x, sigmoid(d, x)); });
    case Function::gelu:
      return map(a, [](auto d, auto x) HWY_ATTR { return hn::Mul(x, normal(d, x).distribution); });
    case Function::gelu_tanh:
      return map(
          a, [](auto d, auto x) HWY_ATTR { return hn::Mul(x, sigmoid(d, gelu_exponent(d, x))); });
  }
}

// f'(x): 0 where x <= -3, 1 beyond 3.
template <class D, class V>
HWY_INLINE V hardswish_slope(D d, V x) {
  const V inside = hn::MulAdd(x, hn::Set(d, 1.0f / 3), hn::Set(d, 0.5f));
  const V high = hn::IfThenElse(hn::Gt(x, hn::Set(d, 3.0f)), hn::Set(d, 1.0f), inside);
  return hn::IfThenZeroElse(hn::Lt(x, hn::Set(d, -3.0f)), high);
}
// s (1 + x (1 - s)), with s = sigmoid(x).
template <class D, class V>
HWY_INLINE V silu_slope(D d, V x) {
  const auto s = sigmoid_pair(d, x);
  return hn::Mul(s.value, hn::MulAdd(x, s.rest, hn::Set(d, 1.0f)));
}
template <class D, class V>
HWY_INLINE V gelu_slope(D d, V x) {
  const auto n = normal(d, x);
  return hn::MulAdd(x, n.density, n.distribution);
}
template <class D, class V>
HWY_INLINE V gelu_tanh_slope(D d, V x) {
  const auto s = sigmoid_pair(d, gelu_exponent(d, x));
  const V inner = hn::MulAdd(gelu_square(d, x), hn::Set(d, 3 * gelu_b), hn::Set(d, gelu_a));
  return hn::MulAdd(hn::Mul(s.value, s.rest), hn::Mul(x, inner), s.value);
}

// dx = f(d, from, dy) of each.
template <class F>
HWY_INLINE void map_gradient(const ActivationGradient& a, const F& f) {
  const float* from = a.from;
  const float* dy = a.dy;
  float* dx = a.dx;
  for_chunks(a.threads, a.size, [from, dy, dx, f](auto d, std::size_t i) HWY_ATTR {
    hn::StoreU(f(d, hn::LoadU(d, from + i), hn::LoadU(d, dy + i)), d, dx + i);
  });
}
// dy where low < y < high, else 0.
template <class D, class V>
HWY_INLINE V passed_between(D d, V y, V dy, float low, float high) {
  const auto off = hn::Or(hn::Le(y, hn::Set(d, low)), hn::Ge(y, hn::Set(d, high)));
  return hn::IfThenZeroElse(off, dy);
}

// Where y is NaN, dy passes: a network that diverged doesn't hide it.
inline void activation_gradient(const ActivationGradient& a) {
  const float alpha = a.alpha, beta = a.beta;
  switch (a.function) {
    case Function::relu:
      return map_gradient(a, [](auto d, auto y, auto dy) HWY_ATTR {
        return hn::IfThenZeroElse(hn::Le(y, hn::Zero(d)), dy);
      });
    case Function::relu6:
      return map_gradient(
          a, [](auto d, auto y, auto dy) HWY_ATTR { return passed_between(d, y, dy, 0, 6); });
    case Function::leaky_relu:
      return map_gradient(a, [alpha](auto d, auto y, auto dy) HWY_ATTR {
        return hn::IfThenElse(hn::Gt(y, hn::Zero(d)), dy, hn::Mul(dy, hn::Set(d, alpha)));
      });
    case Function::sigmoid:  // y (1 - y)
      return map_gradient(a, [](auto d, auto y, auto dy) HWY_ATTR {
        return hn::Mul(dy, hn::Mul(hn::Sub(hn::Set(d, 1.0f), y), y));
      });
    case Function::tanh:  // 1 - y^2
      return map_gradient(a, [](auto d, auto y, auto dy) HWY_ATTR {
        return hn::Mul(dy, hn::NegMulAdd(y, y, hn::Set(d, 1.0f)));
      });
    case Function::hardtanh:
      return map_gradient(a, [alpha, beta](auto d, auto y, auto dy)
                                 HWY_ATTR { return passed_between(d, y, dy, alpha, beta); });
    case Function::elu:  // y + alpha
      return map_gradient(a, [alpha](auto d, auto y, auto dy) HWY_ATTR {
        const auto low = hn::Mul(dy, hn::Add(y, hn::Set(d, alpha)));
        return hn::IfThenElse(hn::Le(y, hn::Zero(d)), low, dy);
      });
    case Function::hardsigmoid:
      return map_gradient(a, [](auto d, auto y, auto dy) HWY_ATTR {
        return hn::Mul(passed_between(d, y, dy, 0, 1), hn::Set(d, 1.0f / 6));
      });
    case Function::hardswish:
      return map_gradient(
          a, [](auto d, auto x, auto dy) HWY_ATTR { return hn::Mul(dy, hardswish_slope(d, x)); });
    case Function::silu:
      return map_gradient(
          a, [](auto d, auto x, auto dy) HWY_ATTR { return hn::Mul(dy, silu_slope(d, x)); });
    case Function::gelu:
      return map_gradient(
          a, [](auto d, auto x, auto dy) HWY_ATTR { return hn::Mul(dy, gelu_slope(d, x)); });
    case Function::gelu_tanh:
      return map_gradient(
          a, [](auto d, auto x, auto dy) HWY_ATTR { return hn::Mul(dy, gelu_tanh_slope(d, x)); });
  }
}

}  // namespace etch::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
