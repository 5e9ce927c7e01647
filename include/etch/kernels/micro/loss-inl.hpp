// Losses on a microcontroller. See loss.hpp.
#pragma once
#include <etch/kernels/loss.hpp>

#include <algorithm>
#include <cmath>

#include <etch/kernels/micro/elementwise-inl.hpp>

namespace etch::kernels::micro {

// log(sum(exp(x - max))) - sum(target * (x - max)), where the target is label_smoothing / classes
// everywhere and 1 - label_smoothing more at the label.
inline float cross_entropy_row(const CrossEntropy& a, std::size_t row, float share) {
  const float* x = a.logits + row * a.classes;
  const auto label = static_cast<std::size_t>(a.labels[row]);
  const float everywhere = a.label_smoothing / static_cast<float>(a.classes);
  const float most = maximum(a.classes, x);
  float* dx = a.dlogits != nullptr ? a.dlogits + row * a.classes : nullptr;
  if (!a.has_label(row)) {
    if (dx != nullptr) std::fill_n(dx, a.classes, 0.0f);
    return 0;
  }
  float sum = 0, centred = 0;
  for (std::size_t i = 0; i < a.classes; ++i) {
    const float e = exp_negative(x[i] - most);
    if (dx != nullptr) dx[i] = e;
    sum += e;
    centred += x[i] - most;
  }
  const float at_label = 1.0f - a.label_smoothing;
  float loss = std::log(sum) - at_label * (x[label] - most);
  if (everywhere > 0) loss -= everywhere * centred;  // which may be infinite
  if (dx == nullptr) return loss;
  const float inverse = share / sum;
  const float offset = share * everywhere;
  map(a.classes, dx, dx, [=](float e) { return e * inverse - offset; });
  dx[label] -= share * at_label;
  return loss;
}

inline HWY_NOINLINE float cross_entropy(const CrossEntropy& a) {
  const float rows = static_cast<float>(std::max<std::size_t>(a.labelled_rows(), 1));
  float sum = 0;
  for (std::size_t r = 0; r < a.rows; ++r) sum += cross_entropy_row(a, r, a.scale / rows);
  return sum / rows;
}

// In runs of 64, so that the error stays that of short sums.
inline HWY_NOINLINE float mean_squared_error(const MeanSquaredError& a) {
  const float size = static_cast<float>(a.size), factor = 2.0f * a.scale / size;
  const float *output = a.output, *target = a.target;
  float *doutput = a.doutput, sum = 0;
  for (std::size_t left = a.size; left > 0;) {
    const std::size_t run = std::min<std::size_t>(left, 64);
    float part = 0;
    for (const float* end = output + run; output != end; ++output, ++target) {
      const float v = *output - *target;
      if (doutput != nullptr) *doutput++ = v * factor;
      part += v * v;
    }
    sum += part;
    left -= run;
  }
  return sum / size;
}

}  // namespace etch::kernels::micro
