// Batch normalisation on a microcontroller: four channels at a time, their numbers in registers
// while all rows stream by. See batch_norm.hpp.
#pragma once
#include <hwy/base.h>
#include <etch/kernels/batch_norm.hpp>
#include <etch/kernels/micro/channels.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

namespace etch::kernels::micro {

// Sums over rows of what body(row, a, b) adds to a and b, in runs of 64 rows, so that the error
// stays that of short sums.
template <std::size_t... c, class Body>
HWY_INLINE void sum_rows(std::size_t rows, float (&a)[sizeof...(c)], float (&b)[sizeof...(c)],
                         std::index_sequence<c...>, const Body& body) {
  ((a[c] = b[c] = 0), ...);
  for (std::size_t r = 0; r < rows;) {
    float run_a[] = {(static_cast<void>(c), 0.0f)...}, run_b[] = {(static_cast<void>(c), 0.0f)...};
    for (const std::size_t end = std::min(rows, r + 64); r < end; ++r) body(r, run_a, run_b);
    ((a[c] += run_a[c], b[c] += run_b[c]), ...);
  }
}

// y = (x - mean) * scale + bias, where scale = inv_std * weight.
template <std::size_t... c>
HWY_NOINLINE void apply(const BatchNormApply& a, std::size_t first, std::index_sequence<c...>) {
  const float mean[] = {a.mean[first + c]...};
  const float scale[] = {a.inv_std[first + c] * (a.weight != nullptr ? a.weight[first + c] : 1)...};
  const float bias[] = {a.bias != nullptr ? a.bias[first + c] : 0 ...};
  const float* x = a.x + first;
  float* y = a.y + first;
  for (std::size_t r = a.rows, step = a.channels; r != 0; --r, x += step, y += step) {
    const float v[] = {x[c]...};
    ((y[c] = (v[c] - mean[c]) * scale[c] + bias[c]), ...);
  }
}

inline void batch_norm_apply(const BatchNormApply& a) {
  for_channels(a.channels, [&](std::size_t first, auto channels) { apply(a, first, channels); });
}

// The mean and the variance. The mean is summed twice, the second time as what is left around the
// first: its error would be as large as a small variance.
template <std::size_t... c>
HWY_NOINLINE void statistics(const BatchNormForward& a, std::size_t first,
                             std::index_sequence<c...> channels) {
  const float* x = a.x + first;
  const std::size_t step = a.channels;
  const float n = static_cast<float>(a.rows);
  float mean[sizeof...(c)], rest[sizeof...(c)], squares[sizeof...(c)];
  sum_rows(a.rows, mean, rest, channels, [&](std::size_t, auto& sum, auto&) {
    ((sum[c] += x[c]), ...);
    x += step;
  });
  ((mean[c] /= n), ...);
  x = a.x + first;
  sum_rows(a.rows, rest, squares, channels, [&](std::size_t, auto& sum, auto& square) {
    const float v[] = {x[c] - mean[c]...};
    ((sum[c] += v[c], square[c] += v[c] * v[c]), ...);
    x += step;
  });
  ((mean[c] += rest[c] / n), ...);
  ((squares[c] = std::max(squares[c] - rest[c] * (rest[c] / n), 0.0f)), ...);
  ((a.mean[first + c] = mean[c]), ...);
  ((a.inv_std[first + c] = 1.0f / std::sqrt(squares[c] / n + a.eps)), ...);
  if (a.running_mean == nullptr) return;
  const float unbiased = a.rows > 1 ? n - 1 : 1;
  const auto move = [&](float& running, float to) { running += (to - running) * a.momentum; };
  (move(a.running_mean[first + c], mean[c]), ...);
  (move(a.running_var[first + c], squares[c] / unbiased), ...);
}

inline void batch_norm_forward(const BatchNormForward& a) {
  for_channels(a.channels,
               [&](std::size_t first, auto channels) { statistics(a, first, channels); });
  batch_norm_apply({a.rows, a.channels, a.threads, a.x, a.weight, a.bias, a.mean, a.inv_std, a.y});
}

template <std::size_t... c>
HWY_NOINLINE void inference(const BatchNormInference& a, std::size_t first,
                            std::index_sequence<c...> channels) {
  const float mean[] = {a.running_mean[first + c]...};
  const float inv_std[] = {1.0f / std::sqrt(a.running_var[first + c] + a.eps)...};
  const auto from = [first](const float* p) { return p != nullptr ? p + first : nullptr; };
  BatchNormApply block{a.rows,       a.channels, 1,       a.x + first, from(a.weight),
                       from(a.bias), mean,       inv_std, a.y + first};
  apply(block, 0, channels);
}
inline void batch_norm_inference(const BatchNormInference& a) {
  for_channels(a.channels,
               [&](std::size_t first, auto channels) { inference(a, first, channels); });
}

// dx = weight * inv_std * (dy - mean(dy) - xhat * mean(dy * xhat)), xhat = (x - mean) * inv_std.
template <std::size_t... c>
HWY_NOINLINE void gradient(const BatchNormGradient& a, std::size_t first,
                           std::index_sequence<c...> channels) {
  const float *x = a.x + first, *dy = a.dy + first;
  const std::size_t step = a.channels;
  const float mean[] = {a.mean[first + c]...}, inv_std[] = {a.inv_std[first + c]...};
  float sum[sizeof...(c)], product[sizeof...(c)];
  sum_rows(a.rows, sum, product, channels, [&](std::size_t, auto& s, auto& p) {
    const float g[] = {dy[c]...};
    ((s[c] += g[c], p[c] += g[c] * (x[c] - mean[c])), ...);
    x += step;
    dy += step;
  });
  ((product[c] *= inv_std[c]), ...);
  const auto put = [&](float* to, float v) { *to = a.accumulate ? *to + v : v; };
  if (a.dweight != nullptr) (put(a.dweight + first + c, product[c]), ...);
  if (a.dbias != nullptr) (put(a.dbias + first + c, sum[c]), ...);
  if (a.dx == nullptr) return;
  const float n = static_cast<float>(a.rows);
  const float scale[] = {(a.weight != nullptr ? a.weight[first + c] : 1.0f) * inv_std[c]...};
  ((sum[c] /= n, product[c] *= inv_std[c] / n), ...);
  x = a.x + first;
  dy = a.dy + first;
  float* dx = a.dx + first;
  for (std::size_t r = a.rows; r != 0; --r, x += step, dy += step, dx += step) {
    const float g[] = {dy[c] - sum[c]...}, v[] = {x[c] - mean[c]...};
    ((dx[c] = scale[c] * (g[c] - v[c] * product[c])), ...);
  }
}

inline void batch_norm_gradient(const BatchNormGradient& a) {
  for_channels(a.channels, [&](std::size_t first, auto channels) { gradient(a, first, channels); });
}

}  // namespace etch::kernels::micro
