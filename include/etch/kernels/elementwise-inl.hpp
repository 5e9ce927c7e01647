// Sums, dropout and softmax for one SIMD target. See elementwise.hpp.
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

#include <hwy/highway.h>

#include <etch/kernels/activations-inl.hpp>
#include <etch/kernels/lanes-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace etch::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

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

HWY_INLINE void log_softmax_row(std::size_t columns, const float* x, float* y) {
  const float most = maximum(x, columns);
  const float sum = sum_lanes(0, columns, [=](auto d, std::size_t i) HWY_ATTR {
    return exp_negative(d, hn::Sub(hn::LoadU(d, x + i), hn::Set(d, most)));
  });
  const float rest = std::log(sum);
  for_lanes(0, columns, [=](auto d, std::size_t i) HWY_ATTR {
    const auto centred = hn::Sub(hn::LoadU(d, x + i), hn::Set(d, most));
    hn::StoreU(hn::Sub(centred, hn::Set(d, rest)), d, y + i);
  });
}

inline void log_softmax(const Softmax& a) {
  for_rows(a.threads, a.rows, a.columns, [&](std::size_t begin, std::size_t end) HWY_ATTR {
    for (std::size_t row = begin; row < end; ++row) {
      log_softmax_row(a.columns, a.x + row * a.columns, a.y + row * a.columns);
    }
  });
}

inline void log_softmax_gradient(const SoftmaxGradient& a) {
  for_rows(a.threads, a.rows, a.columns, [&](std::size_t begin, std::size_t end) HWY_ATTR {
    for (std::size_t row = begin; row < end; ++row) {
      const float* y = a.y + row * a.columns;
      const float* dy = a.dy + row * a.columns;
      float* dx = a.dx + row * a.columns;
      const float sum = sum_lanes(
          0, a.columns, [=](auto d, std::size_t i) HWY_ATTR { return hn::LoadU(d, dy + i); });
      for_lanes(0, a.columns, [=](auto d, std::size_t i) HWY_ATTR {
        const auto e = exp_negative(d, hn::LoadU(d, y + i));
        hn::StoreU(hn::NegMulAdd(e, hn::Set(d, sum), hn::LoadU(d, dy + i)), d, dx + i);
      });
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
inline void log_softmax(const Softmax& a) { micro::log_softmax(a); }
inline void log_softmax_gradient(const SoftmaxGradient& a) { micro::log_softmax_gradient(a); }
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
inline void log_softmax(const Softmax& a) { HWY_STATIC_DISPATCH(log_softmax)(a); }
inline void log_softmax_gradient(const SoftmaxGradient& a) {
  HWY_STATIC_DISPATCH(log_softmax_gradient)(a);
}
}  // namespace etch::kernels
#endif
#endif
#endif
