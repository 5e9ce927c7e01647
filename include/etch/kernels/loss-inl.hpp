// Losses for one SIMD target. See loss.hpp.
#include <etch/kernels/loss.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

#if defined(ETCH_KERNELS_LOSS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef ETCH_KERNELS_LOSS_INL
#undef ETCH_KERNELS_LOSS_INL
#else
#define ETCH_KERNELS_LOSS_INL
#endif

#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

#include <etch/kernels/elementwise-inl.hpp>
#include <etch/kernels/lanes-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace etch::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// v times the weights of the classes from i on.
template <class D, class V>
HWY_INLINE V times_weights(const CrossEntropy&, D, std::size_t, V v) {
  return v;
}
template <class D, class V>
HWY_INLINE V times_weights(const WeightedCrossEntropy& a, D d, std::size_t i, V v) {
  return a.weight != nullptr ? hn::Mul(v, hn::LoadU(d, a.weight + i)) : v;
}

// What the rows' losses are divided by: a row counts as its label's weight. Infinity, which makes
// all of them 0, where that is nothing.
inline double divisor(const CrossEntropy& a) {
  return static_cast<double>(std::max<std::size_t>(a.labelled_rows(), 1));
}
inline double divisor(const WeightedCrossEntropy& a) {
  double sum = 0;
  for (std::size_t r = 0; r < a.rows; ++r) {
    if (a.has_label(r))
      sum += static_cast<double>(a.weight_at(static_cast<std::size_t>(a.labels[r])));
  }
  return sum > 0 ? sum : std::numeric_limits<double>::infinity();
}

// The loss of one row is log(sum(exp(x - max))) * sum(target) - sum(target * (x - max)), where the
// target is label_smoothing / classes everywhere and 1 - label_smoothing more at the label, times
// the class's weight. `weights` is the sum of those.
template <class Call>
HWY_INLINE double cross_entropy_row(const Call& a, std::size_t row, float share, double weights) {
  const std::size_t classes = a.classes;
  if (!a.has_label(row)) {
    if (a.dlogits != nullptr) std::fill_n(a.dlogits + row * classes, classes, 0.0f);
    return 0;
  }
  const float* x = a.logits + row * classes;
  const auto label = static_cast<std::size_t>(a.labels[row]);
  const float most = maximum(x, classes);
  const float sum = sum_lanes(0, classes, [=](auto d, std::size_t i) HWY_ATTR {
    return exp_negative(d, hn::Sub(hn::LoadU(d, x + i), hn::Set(d, most)));
  });
  const auto wide = [](float number) { return static_cast<double>(number); };
  const float everywhere = a.label_smoothing / static_cast<float>(classes);
  const double at_label = (1.0 - wide(a.label_smoothing)) * wide(a.weight_at(label));
  const double target = Call::has_weights ? at_label + wide(everywhere) * weights : 1;
  double loss = target * std::log(wide(sum)) - at_label * (wide(x[label]) - wide(most));
  if (everywhere > 0) {
    const float centred = sum_lanes(0, classes, [=, &a](auto d, std::size_t i) HWY_ATTR {
      return times_weights(a, d, i, hn::Sub(hn::LoadU(d, x + i), hn::Set(d, most)));
    });
    loss -= wide(everywhere) * wide(centred);
  }
  if (a.dlogits != nullptr) {
    float* dx = a.dlogits + row * classes;
    const float inverse = static_cast<float>(target) / sum;
    for_lanes(0, classes, [=, &a](auto d, std::size_t i) HWY_ATTR {
      const auto e = exp_negative(d, hn::Sub(hn::LoadU(d, x + i), hn::Set(d, most)));
      const auto smoothed = times_weights(a, d, i, hn::Set(d, everywhere));
      const auto g = hn::MulSub(e, hn::Set(d, inverse), smoothed);
      hn::StoreU(hn::Mul(g, hn::Set(d, share)), d, dx + i);
    });
    dx[label] -= share * (1.0f - a.label_smoothing) * a.weight_at(label);
  }
  return loss;
}

template <class Call>
HWY_INLINE float mean_cross_entropy(const Call& a) {
  const double rows = divisor(a);
  const float share = a.scale / static_cast<float>(rows);
  double weights = 0;
  for (std::size_t i = 0; Call::has_weights && i < a.classes; ++i) {
    weights += static_cast<double>(a.weight_at(i));
  }
  const double sum = sum_pieces(threads_for(a.rows * a.classes, a.threads), a.rows, 1,
                                [&](std::size_t begin, std::size_t end) HWY_ATTR {
                                  double part = 0;
                                  for (std::size_t r = begin; r < end; ++r) {
                                    part += cross_entropy_row(a, r, share, weights);
                                  }
                                  return part;
                                });
  return static_cast<float>(sum / rows);
}

inline float cross_entropy(const CrossEntropy& a) { return mean_cross_entropy(a); }
inline float weighted_cross_entropy(const WeightedCrossEntropy& a) { return mean_cross_entropy(a); }

// The sum of term(d, i, x, t, g) over outputs x and targets t in [begin, end); g, which it sets,
// times `factor` is the gradient.
template <class Term>
HWY_INLINE float sum_terms(const Comparison& a, std::size_t begin, std::size_t end, float factor,
                           const Term& term) {
  return sum_lanes(begin, end, [&](auto d, std::size_t i) HWY_ATTR {
    auto g = hn::Zero(d);
    const auto loss = term(d, i, hn::LoadU(d, a.output + i), hn::LoadU(d, a.target + i), g);
    if (a.doutput != nullptr) hn::StoreU(hn::Mul(g, hn::Set(d, factor)), d, a.doutput + i);
    return loss;
  });
}

template <class Term>
HWY_INLINE double mean_of_terms(const Comparison& a, float factor, const Term& term) {
  constexpr std::size_t run = 4096;
  const double sum = sum_pieces(
      threads_for(a.size, a.threads), a.size, run,
      [&](std::size_t begin, std::size_t end) HWY_ATTR {
        double part = 0;
        for (std::size_t r = begin; r < end; r += run) {
          part += static_cast<double>(sum_terms(a, r, std::min(end, r + run), factor, term));
        }
        return part;
      });
  return sum / static_cast<double>(a.size);
}

inline float mean_squared_error(const Comparison& a) {
  const float factor = 2.0f * a.scale / static_cast<float>(a.size);
  const auto term = [](auto, std::size_t, auto x, auto t, auto& g) HWY_ATTR {
    g = hn::Sub(x, t);
    return hn::Mul(g, g);
  };
  return static_cast<float>(mean_of_terms(a, factor, term));
}

inline float mean_absolute_error(const Comparison& a) {
  const float factor = a.scale / static_cast<float>(a.size);
  const auto term = [](auto d, std::size_t, auto x, auto t, auto& g) HWY_ATTR {
    const auto v = hn::Sub(x, t), one = hn::Set(d, 1.0f), zero = hn::Zero(d);
    g = hn::Sub(hn::IfThenElseZero(hn::Gt(v, zero), one), hn::IfThenElseZero(hn::Lt(v, zero), one));
    return hn::Abs(v);
  };
  return static_cast<float>(mean_of_terms(a, factor, term));
}

// With c = v clamped to [-delta, delta] both parts are c (v - c / 2), and the derivative is c.
inline float huber(const Huber& a) {
  const float delta = a.delta, factor = a.factor * a.scale / static_cast<float>(a.size);
  const auto term = [delta](auto d, std::size_t, auto x, auto t, auto& g) HWY_ATTR {
    const auto v = hn::Sub(x, t), most = hn::Set(d, delta), least = hn::Neg(most);
    g = hn::IfThenElse(hn::Gt(v, most), most, hn::IfThenElse(hn::Lt(v, least), least, v));
    return hn::Mul(g, hn::NegMulAdd(hn::Set(d, 0.5f), g, v));
  };
  return static_cast<float>(mean_of_terms(a, factor, term) * static_cast<double>(a.factor));
}

// (1 - t) x + (1 + (p - 1) t) log(1 + exp(-x)), and its derivative (1 + (p - 1) t) sigmoid(x) - p
// t.
template <class D, class V>
HWY_INLINE V binary_cross_entropy_of(D d, V x, V t, V p, V& g) {
  const V one = hn::Set(d, 1.0f), zero = hn::Zero(d), rest = hn::Sub(one, t), pt = hn::Mul(p, t);
  const V e = exp_negative(d, hn::Neg(hn::Abs(x))), both = hn::Add(rest, pt);
  const auto negative = hn::Lt(x, zero);
  const V sigmoid = hn::Div(hn::IfThenElse(negative, e, one), hn::Add(one, e));
  const V log = hn::Add(hn::Log1p(d, e), hn::IfThenElseZero(negative, hn::Neg(x)));
  g = hn::MulSub(both, sigmoid, pt);
  return hn::MulAdd(rest, x, hn::Mul(both, log));
}

inline float binary_cross_entropy(const BinaryCrossEntropy& a) {
  const float factor = a.scale / static_cast<float>(a.size);
  if (a.pos_weight == nullptr) {
    const auto term = [](auto d, std::size_t, auto x, auto t, auto& g) HWY_ATTR {
      return binary_cross_entropy_of(d, x, t, hn::Set(d, 1.0f), g);
    };
    return static_cast<float>(mean_of_terms(a, factor, term));
  }
  const std::size_t channels = a.channels;
  const double sum = sum_pieces(
      threads_for(a.size, a.threads), a.size / channels, 1,
      [&](std::size_t begin, std::size_t end) HWY_ATTR {
        double part = 0;
        for (std::size_t row = begin; row < end; ++row) {
          const std::size_t at = row * channels;
          const auto term = [&a, at](auto d, std::size_t i, auto x, auto t, auto& g) HWY_ATTR {
            return binary_cross_entropy_of(d, x, t, hn::LoadU(d, a.pos_weight + (i - at)), g);
          };
          part += static_cast<double>(sum_terms(a, at, at + channels, factor, term));
        }
        return part;
      });
  return static_cast<float>(sum / static_cast<double>(a.size));
}

}  // namespace etch::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE && defined(ETCH_HEADER_ONLY)
#if defined(HWY_COMPILE_ONLY_SCALAR)
#include <etch/kernels/micro/loss-inl.hpp>
namespace etch::kernels {
inline float cross_entropy(const CrossEntropy& a) { return micro::cross_entropy(a); }
inline float weighted_cross_entropy(const WeightedCrossEntropy& a) {
  return micro::weighted_cross_entropy(a);
}
inline float mean_squared_error(const Comparison& a) { return micro::mean_squared_error(a); }
inline float mean_absolute_error(const Comparison& a) { return micro::mean_absolute_error(a); }
inline float huber(const Huber& a) { return micro::huber(a); }
inline float binary_cross_entropy(const BinaryCrossEntropy& a) {
  return micro::binary_cross_entropy(a);
}
}  // namespace etch::kernels
#else
namespace etch::kernels {
inline float cross_entropy(const CrossEntropy& a) { return HWY_STATIC_DISPATCH(cross_entropy)(a); }
inline float weighted_cross_entropy(const WeightedCrossEntropy& a) {
  return HWY_STATIC_DISPATCH(weighted_cross_entropy)(a);
}
inline float mean_squared_error(const Comparison& a) {
  return HWY_STATIC_DISPATCH(mean_squared_error)(a);
}
inline float mean_absolute_error(const Comparison& a) {
  return HWY_STATIC_DISPATCH(mean_absolute_error)(a);
}
inline float huber(const Huber& a) { return HWY_STATIC_DISPATCH(huber)(a); }
inline float binary_cross_entropy(const BinaryCrossEntropy& a) {
  return HWY_STATIC_DISPATCH(binary_cross_entropy)(a);
}
}  // namespace etch::kernels
#endif
#endif
#endif
