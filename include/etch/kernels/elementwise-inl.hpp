// Activations, sums, dropout and softmax for one SIMD target. See elementwise.hpp.
#include <etch/kernels/elementwise.hpp>
#include <etch/random.hpp>

#include <cmath>
#include <limits>

#if defined(ETCH_KERNELS_ELEMENTWISE_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef ETCH_KERNELS_ELEMENTWISE_INL
#undef ETCH_KERNELS_ELEMENTWISE_INL
#else
#define ETCH_KERNELS_ELEMENTWISE_INL
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

// 1 / (1 + exp(-x)) without ever raising e to a positive power: accurate at both ends.
template <class D, class V>
HWY_INLINE V sigmoid(D d, V x) {
  const V one = hn::Set(d, 1.0f);
  const V e = exp_negative(d, hn::Neg(hn::Abs(x)));
  return hn::Div(hn::IfThenElse(hn::Lt(x, hn::Zero(d)), e, one), hn::Add(one, e));
}

inline void activation(const Activation& a) {
  const float* x = a.x;
  float* y = a.y;
  const float slope = a.negative_slope;
  switch (a.function) {
    case Function::relu:
      for_chunks(a.threads, a.size, [x, y](auto d, std::size_t i) HWY_ATTR {
        hn::StoreU(relu(d, hn::LoadU(d, x + i)), d, y + i);
      });
      break;
    case Function::relu6:
      for_chunks(a.threads, a.size, [x, y](auto d, std::size_t i) HWY_ATTR {
        const auto v = hn::LoadU(d, x + i), six = hn::Set(d, 6.0f);
        hn::StoreU(relu(d, hn::IfThenElse(hn::Gt(v, six), six, v)), d, y + i);
      });
      break;
    case Function::leaky_relu:
      for_chunks(a.threads, a.size, [x, y, slope](auto d, std::size_t i) HWY_ATTR {
        const auto v = hn::LoadU(d, x + i);
        const auto scaled = hn::Mul(v, hn::Set(d, slope));
        hn::StoreU(hn::IfThenElse(hn::Gt(v, hn::Zero(d)), v, scaled), d, y + i);
      });
      break;
    case Function::sigmoid:
      for_chunks(a.threads, a.size, [x, y](auto d, std::size_t i) HWY_ATTR {
        hn::StoreU(sigmoid(d, hn::LoadU(d, x + i)), d, y + i);
      });
      break;
    case Function::tanh:
      for_chunks(a.threads, a.size, [x, y](auto d, std::size_t i) HWY_ATTR {
        hn::StoreU(hn::Tanh(d, hn::LoadU(d, x + i)), d, y + i);
      });
      break;
  }
}

// Where y is NaN, dy passes: a network that diverged doesn't hide it.
inline void activation_gradient(const ActivationGradient& a) {
  const float* y = a.y;
  const float* dy = a.dy;
  float* dx = a.dx;
  const float slope = a.negative_slope;
  switch (a.function) {
    case Function::relu:
      for_chunks(a.threads, a.size, [y, dy, dx](auto d, std::size_t i) HWY_ATTR {
        const auto off = hn::Le(hn::LoadU(d, y + i), hn::Zero(d));
        hn::StoreU(hn::IfThenZeroElse(off, hn::LoadU(d, dy + i)), d, dx + i);
      });
      break;
    case Function::relu6:
      for_chunks(a.threads, a.size, [y, dy, dx](auto d, std::size_t i) HWY_ATTR {
        const auto v = hn::LoadU(d, y + i);
        const auto off = hn::Or(hn::Le(v, hn::Zero(d)), hn::Ge(v, hn::Set(d, 6.0f)));
        hn::StoreU(hn::IfThenZeroElse(off, hn::LoadU(d, dy + i)), d, dx + i);
      });
      break;
    case Function::leaky_relu:
      for_chunks(a.threads, a.size, [y, dy, dx, slope](auto d, std::size_t i) HWY_ATTR {
        const auto on = hn::Gt(hn::LoadU(d, y + i), hn::Zero(d));
        const auto g = hn::LoadU(d, dy + i);
        hn::StoreU(hn::IfThenElse(on, g, hn::Mul(g, hn::Set(d, slope))), d, dx + i);
      });
      break;
    case Function::sigmoid:  // y (1 - y)
      for_chunks(a.threads, a.size, [y, dy, dx](auto d, std::size_t i) HWY_ATTR {
        const auto v = hn::LoadU(d, y + i);
        const auto rest = hn::Sub(hn::Set(d, 1.0f), v);
        hn::StoreU(hn::Mul(hn::LoadU(d, dy + i), hn::Mul(rest, v)), d, dx + i);
      });
      break;
    case Function::tanh:  // 1 - y^2
      for_chunks(a.threads, a.size, [y, dy, dx](auto d, std::size_t i) HWY_ATTR {
        const auto v = hn::LoadU(d, y + i);
        const auto slope_here = hn::NegMulAdd(v, v, hn::Set(d, 1.0f));
        hn::StoreU(hn::Mul(hn::LoadU(d, dy + i), slope_here), d, dx + i);
      });
      break;
  }
}

inline void add(const Add& args) {
  const float* a = args.a;
  const float* b = args.b;
  float* y = args.y;
  for_chunks(args.threads, args.size, [a, b, y](auto d, std::size_t i) HWY_ATTR {
    hn::StoreU(hn::Add(hn::LoadU(d, a + i), hn::LoadU(d, b + i)), d, y + i);
  });
}

// A bijection of 32 bits with two multiplications, the least biased one known of this form
// (https://github.com/skeeto/hash-prospector).
template <class V>
HWY_INLINE V scramble(V h) {
  const hn::DFromV<V> d;
  h = hn::Mul(hn::Xor(h, hn::ShiftRight<16>(h)), hn::Set(d, 0x21F0AAADu));
  h = hn::Mul(hn::Xor(h, hn::ShiftRight<15>(h)), hn::Set(d, 0x735A2D97u));
  return hn::Xor(h, hn::ShiftRight<15>(h));
}

// An element is kept where 24 bits hashed from the key and its index reach p * 2^24. Integers
// only: the same mask on every target. A dropped NaN stays one, as in PyTorch.
inline void dropout(const Dropout& a) {
  const float* x = a.x;
  float* y = a.y;
  const float factor = a.p < 1.0f ? 1.0f / (1.0f - a.p) : 0.0f;
  const auto threshold = static_cast<std::int32_t>(a.p * 16777216.0f);
  const std::uint64_t key = a.key;
  for_chunks(a.threads, a.size, [=](auto d, std::size_t i) HWY_ATTR {
    const hn::RebindToUnsigned<decltype(d)> du;
    const hn::RebindToSigned<decltype(d)> di;
    const std::uint64_t index = i;
    const std::uint64_t k = spread_bits(key + (index >> 32) * golden_gamma);
    auto h = hn::Iota(du, static_cast<std::uint32_t>(index));
    h = scramble(hn::Xor(h, hn::Set(du, static_cast<std::uint32_t>(k))));
    h = scramble(hn::Xor(h, hn::Set(du, static_cast<std::uint32_t>(k >> 32))));
    const auto bits = hn::BitCast(di, hn::ShiftRight<8>(h));
    const auto dropped = hn::RebindMask(d, hn::Lt(bits, hn::Set(di, threshold)));
    const auto by = hn::IfThenZeroElse(dropped, hn::Set(d, factor));
    hn::StoreU(hn::Mul(hn::LoadU(d, x + i), by), d, y + i);
  });
}

HWY_INLINE float maximum(const float* x, std::size_t size) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  auto best = hn::Set(d, -std::numeric_limits<float>::infinity());
  std::size_t i = 0;
  for (; i + lanes <= size; i += lanes) best = hn::Max(best, hn::LoadU(d, x + i));
  float result = hn::GetLane(hn::MaxOfLanes(d, best));
  for (; i < size; ++i) result = std::max(result, x[i]);
  return result;
}

// exp(x - max) / sum of them; the maximum taken off so that nothing overflows.
HWY_INLINE void softmax_row(std::size_t columns, const float* x, float* y) {
  const float most = maximum(x, columns);
  const float sum = sum_lanes(0, columns, [=](auto d, std::size_t i) HWY_ATTR {
    const auto e = exp_negative(d, hn::Sub(hn::LoadU(d, x + i), hn::Set(d, most)));
    hn::StoreU(e, d, y + i);
    return e;
  });
  const float inverse = 1.0f / sum;
  for_lanes(0, columns, [=](auto d, std::size_t i) HWY_ATTR {
    hn::StoreU(hn::Mul(hn::LoadU(d, y + i), hn::Set(d, inverse)), d, y + i);
  });
}

inline void softmax(const Softmax& a) {
  for_rows(a.threads, a.rows, a.columns, [&](std::size_t begin, std::size_t end) HWY_ATTR {
    for (std::size_t row = begin; row < end; ++row) {
      softmax_row(a.columns, a.x + row * a.columns, a.y + row * a.columns);
    }
  });
}

HWY_INLINE void softmax_gradient_row(std::size_t columns, const float* y, const float* dy,
                                     float* dx) {
  const float sum = sum_lanes(0, columns, [=](auto d, std::size_t i) HWY_ATTR {
    return hn::Mul(hn::LoadU(d, y + i), hn::LoadU(d, dy + i));
  });
  for_lanes(0, columns, [=](auto d, std::size_t i) HWY_ATTR {
    const auto centred = hn::Sub(hn::LoadU(d, dy + i), hn::Set(d, sum));
    hn::StoreU(hn::Mul(hn::LoadU(d, y + i), centred), d, dx + i);
  });
}

inline void softmax_gradient(const SoftmaxGradient& a) {
  for_rows(a.threads, a.rows, a.columns, [&](std::size_t begin, std::size_t end) HWY_ATTR {
    for (std::size_t row = begin; row < end; ++row) {
      const std::size_t at = row * a.columns;
      softmax_gradient_row(a.columns, a.y + at, a.dy + at, a.dx + at);
    }
  });
}

}  // namespace etch::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE && defined(ETCH_HEADER_ONLY)
#if defined(HWY_COMPILE_ONLY_SCALAR)
#include <etch/kernels/micro/elementwise-inl.hpp>
namespace etch::kernels {
HWY_INLINE void activation(const Activation& a) { micro::activation(a); }
HWY_INLINE void activation_gradient(const ActivationGradient& a) { micro::activation_gradient(a); }
inline void add(const Add& a) { micro::add(a); }
inline void dropout(const Dropout& a) { micro::dropout(a); }
inline void softmax(const Softmax& a) { micro::softmax(a); }
inline void softmax_gradient(const SoftmaxGradient& a) { micro::softmax_gradient(a); }
}  // namespace etch::kernels
#else
namespace etch::kernels {
inline void activation(const Activation& a) { HWY_STATIC_DISPATCH(activation)(a); }
// Where y is NaN, dy passes: a network that diverged doesn't hide it.
inline void activation_gradient(const ActivationGradient& a) {
  HWY_STATIC_DISPATCH(activation_gradient)(a);
}
inline void add(const Add& a) { HWY_STATIC_DISPATCH(add)(a); }
inline void dropout(const Dropout& a) { HWY_STATIC_DISPATCH(dropout)(a); }
inline void softmax(const Softmax& a) { HWY_STATIC_DISPATCH(softmax)(a); }
inline void softmax_gradient(const SoftmaxGradient& a) { HWY_STATIC_DISPATCH(softmax_gradient)(a); }
}  // namespace etch::kernels
#endif
#endif
#endif
