// ReLU with slopes that are learned, for one SIMD target. See prelu.hpp.
#include <etch/kernels/prelu.hpp>

#if defined(ETCH_KERNELS_PRELU_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef ETCH_KERNELS_PRELU_INL
#undef ETCH_KERNELS_PRELU_INL
#else
#define ETCH_KERNELS_PRELU_INL
#endif

#include <hwy/highway.h>

#include <etch/kernels/lanes-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace etch::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// v where x > 0, else slope * v: of x itself, and of its gradient.
template <class D, class V>
HWY_INLINE V sloped(D d, V x, V slope, V v) {
  return hn::IfThenElse(hn::Gt(x, hn::Zero(d)), v, hn::Mul(v, slope));
}

// y = sloped(x, slope, v) of each.
HWY_INLINE void apply_slopes(const Prelu& a, const float* values) {
  const float *x = a.x, *v = values;
  float* y = a.y;
  if (a.one_slope) {
    const float slope = a.slope[0];
    return for_chunks(a.threads, a.rows * a.columns, [=](auto d, std::size_t i) HWY_ATTR {
      const auto s = hn::Set(d, slope);
      hn::StoreU(sloped(d, hn::LoadU(d, x + i), s, hn::LoadU(d, v + i)), d, y + i);
    });
  }
  for_rows(a.threads, a.rows, a.columns, [&](std::size_t begin, std::size_t end) HWY_ATTR {
    const float* slope = a.slope;
    for (std::size_t row = begin; row < end; ++row) {
      const std::size_t at = row * a.columns;
      for_lanes(0, a.columns, [=](auto d, std::size_t i) HWY_ATTR {
        const auto s = hn::LoadU(d, slope + i);
        hn::StoreU(sloped(d, hn::LoadU(d, x + at + i), s, hn::LoadU(d, v + at + i)), d, y + at + i);
      });
    }
  });
}

inline void prelu(const Prelu& a) { apply_slopes(a, a.x); }

template <class D>
HWY_INLINE hn::Vec<D> slope_term(D d, const float* x, const float* dy) {
  const auto v = hn::LoadU(d, x);
  return hn::IfThenZeroElse(hn::Gt(v, hn::Zero(d)), hn::Mul(v, hn::LoadU(d, dy)));
}

HWY_INLINE void gradient_of_one_slope(const PreluGradient& a) {
  const float *x = a.x, *dy = a.dy;
  const std::size_t size = a.rows * a.columns;
  const auto piece = [=](std::size_t begin, std::size_t end) HWY_ATTR {
    const auto term = [=](auto d, std::size_t i) HWY_ATTR { return slope_term(d, x + i, dy + i); };
    return static_cast<double>(sum_lanes(begin, end, term));
  };
  const double sum = sum_pieces(threads_for(size, a.threads), size, chunk, piece);
  *a.dslope = static_cast<float>(a.accumulate ? static_cast<double>(*a.dslope) + sum : sum);
}

HWY_INLINE void gradient_of_slopes(const PreluGradient& a) {
  const float *x = a.x, *dy = a.dy;
  sum_columns(a.threads, a.rows, a.columns, a.accumulate, a.dslope,
              [=](auto d, std::size_t at) HWY_ATTR { return slope_term(d, x + at, dy + at); });
}

// The slopes' gradient first: dx may lie over dy.
inline void prelu_gradient(const PreluGradient& a) {
  if (a.dslope != nullptr) a.one_slope ? gradient_of_one_slope(a) : gradient_of_slopes(a);
  if (a.dx == nullptr) return;
  apply_slopes({a.rows, a.columns, a.threads, a.one_slope, a.x, a.slope, a.dx}, a.dy);
}

}  // namespace etch::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE && defined(ETCH_HEADER_ONLY)
#if defined(HWY_COMPILE_ONLY_SCALAR)
#include <etch/kernels/micro/prelu-inl.hpp>
namespace etch::kernels {
inline void prelu(const Prelu& a) { micro::prelu(a); }
inline void prelu_gradient(const PreluGradient& a) { micro::prelu_gradient(a); }
}  // namespace etch::kernels
#else
namespace etch::kernels {
inline void prelu(const Prelu& a) { HWY_STATIC_DISPATCH(prelu)(a); }
inline void prelu_gradient(const PreluGradient& a) { HWY_STATIC_DISPATCH(prelu_gradient)(a); }
}  // namespace etch::kernels
#endif
#endif
#endif
