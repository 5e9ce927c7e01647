// Losses on a microcontroller. See loss.hpp.
#pragma once
#include <etch/kernels/loss.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

#include <etch/kernels/micro/elementwise-inl.hpp>

namespace etch::kernels::micro {

// As in loss-inl.hpp.
template <class Call>
inline float cross_entropy_row(const Call& a, std::size_t row, float share) {
  const float* x = a.logits + row * a.classes;
  const auto label = static_cast<std::size_t>(a.labels[row]);
  const float everywhere = a.label_smoothing / static_cast<float>(a.classes);
  const float most = maximum(a.classes, x);
  float* dx = a.dlogits != nullptr ? a.dlogits + row * a.classes : nullptr;
  if (!a.has_label(row)) {
    if (dx != nullptr) std::fill_n(dx, a.classes, 0.0f);
    return 0;
  }
  float sum = 0, centred = 0, weights = 0;
  for (std::size_t i = 0; i < a.classes; ++i) {
    const float e = exp_negative(x[i] - most);
    if (dx != nullptr) dx[i] = e;
    sum += e;
    centred += (x[i] - most) * a.weight_at(i);
    if constexpr (Call::has_weights) weights += a.weight_at(i);
  }
  const float at_label = (1.0f - a.label_smoothing) * a.weight_at(label);
  const float target = Call::has_weights ? at_label + everywhere * weights : 1.0f;
  float loss = target * std::log(sum) - at_label * (x[label] - most);
  if (everywhere > 0) loss -= everywhere * centred;  // which may be infinite
  if (dx == nullptr) return loss;
  const float inverse = target * share / sum;
  const float offset = share * everywhere;
  const auto gradient = [=](float e, float weight) { return e * inverse - offset * weight; };
  if constexpr (Call::has_weights) {
    for (std::size_t i = 0; i < a.classes; ++i) dx[i] = gradient(dx[i], a.weight_at(i));
  } else {
    map(a.classes, dx, dx, [=](float e) { return gradient(e, 1); });
  }
  dx[label] -= share * at_label;
  return loss;
}

template <class Call>
HWY_INLINE float mean_cross_entropy(const Call& a, float rows) {
  float sum = 0;
  for (std::size_t r = 0; r < a.rows; ++r) sum += cross_entropy_row(a, r, a.scale / rows);
  return sum / rows;
}

inline HWY_NOINLINE float cross_entropy(const CrossEntropy& a) {
  return mean_cross_entropy(a, static_cast<float>(std::max<std::size_t>(a.labelled_rows(), 1)));
}

// A row counts as its label's weight. An infinite divisor makes all 0.
inline HWY_NOINLINE float weighted_cross_entropy(const WeightedCrossEntropy& a) {
  float rows = 0;
  for (std::size_t r = 0; r < a.rows; ++r) {
    if (a.has_label(r)) rows += a.weight_at(static_cast<std::size_t>(a.labels[r]));
  }
  return mean_cross_entropy(a, rows > 0 ? rows : std::numeric_limits<float>::infinity());
}

// The mean of term(x, t, put) over outputs x and targets t; what it puts, once, is the gradient
// when multiplied by `factor`. In runs of 64, so that the error stays that of short sums.
template <class Term>
HWY_INLINE float mean_of_terms(const Comparison& a, float factor, Term term) {
  const float *output = a.output, *target = a.target;
  float *doutput = a.doutput, sum = 0;
  for (std::size_t left = a.size; left > 0;) {
    const std::size_t run = std::min<std::size_t>(left, 64);
    float part = 0;
    for (const float* end = output + run; output != end; ++output, ++target) {
      part += term(*output, *target, [&](float g) {
        if (doutput != nullptr) *doutput++ = g * factor;
      });
    }
    sum += part;
    left -= run;
  }
  return sum / static_cast<float>(a.size);
}

inline HWY_NOINLINE float mean_squared_error(const Comparison& a) {
  const float factor = 2.0f * a.scale / static_cast<float>(a.size);
  return mean_of_terms(a, factor, [](float x, float t, auto put) {
    const float v = x - t;
    put(v);
    return v * v;
  });
}

inline HWY_NOINLINE float mean_absolute_error(const Comparison& a) {
  const float factor = a.scale / static_cast<float>(a.size);
  return mean_of_terms(a, factor, [](float x, float t, auto put) {
    const float v = x - t;
    put(v > 0 ? 1.0f : v < 0 ? -1.0f : 0.0f);
    return v < 0 ? -v : v;
  });
}

inline HWY_NOINLINE float huber(const Huber& a) {
  const float delta = a.delta, factor = a.factor * a.scale / static_cast<float>(a.size);
  return a.factor * mean_of_terms(a, factor, [delta](float x, float t, auto put) {
           const float v = x - t, g = v > delta ? delta : v < -delta ? -delta : v;
           put(g);
           return g * (v - 0.5f * g);
         });
}

inline HWY_NOINLINE float binary_cross_entropy(const BinaryCrossEntropy& a) {
  const float *weight = a.pos_weight, *end = weight != nullptr ? weight + a.channels : nullptr;
  const float factor = a.scale / static_cast<float>(a.size);
  return mean_of_terms(a, factor, [&a, weight, end](float x, float t, auto put) mutable {
    const float rest = 1.0f - t, pt = weight != nullptr ? *weight * t : t, both = rest + pt;
    if (weight != nullptr && ++weight == end) weight = a.pos_weight;
    const float e = exp_negative(x < 0 ? x : -x);
    put(both * ((x < 0 ? e : 1.0f) / (1.0f + e)) - pt);
    return rest * x + both * (std::log1p(e) + (x < 0 ? -x : 0.0f));
  });
}

}  // namespace etch::kernels::micro
