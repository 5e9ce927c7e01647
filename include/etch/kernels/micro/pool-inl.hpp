// Pools on a microcontroller. See pool.hpp.
#pragma once
#include <hwy/base.h>
#include <etch/kernels/inside_taps.hpp>
#include <etch/kernels/micro/channels.hpp>
#include <etch/kernels/pool.hpp>

#include <algorithm>
#include <cstring>
#include <limits>

namespace etch::kernels::micro {

// The taps of one window that are inside, and the floats between them.
struct PoolWindow {
  InsideTaps rows, columns;
  std::size_t first;         // of the first tap's channels
  std::size_t down, across;  // from tap to tap

  HWY_NOINLINE PoolWindow(const Shape& input, const Window& w, std::size_t n, std::size_t r,
                          std::size_t c)
      : rows(r, w.kernel_size.height, w.stride.height, w.dilation.height, w.padding.height,
             input.height),
        columns(c, w.kernel_size.width, w.stride.width, w.dilation.width, w.padding.width,
                input.width),
        first(0),
        down(w.dilation.height * input.width * input.channels),
        across(w.dilation.width * input.channels) {
    const std::size_t row = r * w.stride.height + rows.begin * w.dilation.height - w.padding.height;
    const std::size_t column =
        c * w.stride.width + columns.begin * w.dilation.width - w.padding.width;
    first = ((n * input.height + row) * input.width + column) * input.channels;
  }
};

// Calls body(window, row, column, first of the output's channels) for every output position.
template <class Args, class Body>
HWY_INLINE void for_pool_windows(const Args& a, const Body& body) {
  std::size_t y = 0;
  for (std::size_t n = 0; n < a.batch; ++n) {
    for (std::size_t r = 0; r < a.output.height; ++r) {
      for (std::size_t c = 0; c < a.output.width; ++c, y += a.output.channels) {
        body(PoolWindow(a.input, a.window, n, r, c), r, c, y);
      }
    }
  }
}

// The maximum of one more tap, and the first tap that holds it; the last NaN wins, as in PyTorch.
inline void max_pool_tap(const float* x, std::size_t channels, std::size_t tap, float* y,
                         std::uint8_t* argmax) {
  for (std::size_t c = 0; c < channels; ++c) {
    const float best = y[c];
    if (x[c] <= best || (best != best && x[c] == x[c])) continue;
    y[c] = x[c];
    if (argmax != nullptr) argmax[c] = static_cast<std::uint8_t>(tap);
  }
}

inline HWY_NOINLINE void max_pool_window(const MaxPoolForward& a, const PoolWindow& w,
                                         std::size_t at) {
  const std::size_t kernel = a.window.kernel_size.width, channels = a.output.channels;
  float* y = a.y + at;
  std::uint8_t* argmax = a.argmax != nullptr ? a.argmax + at : nullptr;
  const std::size_t first = w.rows.begin * kernel + w.columns.begin;
  std::fill_n(y, channels, -std::numeric_limits<float>::infinity());
  if (argmax != nullptr) std::fill_n(argmax, channels, static_cast<std::uint8_t>(first));
  const float* line = a.x + w.first;
  for (std::size_t u = w.rows.begin; u < w.rows.end; ++u, line += w.down) {
    const float* x = line;
    for (std::size_t v = w.columns.begin; v < w.columns.end; ++v, x += w.across) {
      max_pool_tap(x, channels, u * kernel + v, y, argmax);
    }
  }
}

inline HWY_NOINLINE void max_pool_forward(const MaxPoolForward& a) {
  for_pool_windows(a, [&](const PoolWindow& w, std::size_t, std::size_t, std::size_t y) {
    max_pool_window(a, w, y);
  });
}

inline HWY_NOINLINE void max_pool_gradient(const MaxPoolGradient& a) {
  std::memset(a.dx, 0, a.batch * a.input.elements() * sizeof(float));
  const Window& w = a.window;
  const std::size_t channels = a.input.channels;
  const std::size_t across = w.dilation.width * channels;  // from tap to tap
  // From the end of a row of taps to the next one.
  const std::size_t next =
      w.dilation.height * a.input.width * channels - w.kernel_size.width * across;
  // tap / kernel is tap * inverse >> 16, as both are at most 256.
  const std::size_t inverse = 65536 / w.kernel_size.width + 1;
  const float* dy = a.dy;
  const std::uint8_t* argmax = a.argmax;
  for (std::size_t n = 0; n < a.batch; ++n) {
    for (std::size_t r = 0; r < a.output.height; ++r) {
      // Tap 0 may lie before the image.
      const std::size_t row = n * a.input.height + r * w.stride.height - w.padding.height;
      std::size_t first = (row * a.input.width - w.padding.width) * channels;
      for (std::size_t c = 0; c < a.output.width; ++c, first += w.stride.width * channels) {
        std::size_t at = first;
        for (const float* end = dy + channels; dy != end; ++at) {
          const std::size_t tap = *argmax++;
          a.dx[at + tap * across + (tap * inverse >> 16) * next] += *dy++;
        }
      }
    }
  }
}

// What a sum over the window at output (r, c) is divided by. Positions beyond the padding never
// count.
template <class Args>
float pool_divisor(const Args& a, const PoolWindow& w, std::size_t r, std::size_t c) {
  if (!a.count_include_pad) return static_cast<float>(w.rows.size() * w.columns.size());
  const auto covered = [](std::size_t at, std::size_t kernel, std::size_t stride,
                          std::size_t padded) {
    return std::min(at * stride + kernel, padded) - at * stride;
  };
  const Window& k = a.window;
  const Pair padded = k.padded(a.input);
  return static_cast<float>(covered(r, k.kernel_size.height, k.stride.height, padded.height) *
                            covered(c, k.kernel_size.width, k.stride.width, padded.width));
}

// Calls body(offset of the tap's channels) for every tap of a window.
template <class Body>
HWY_INLINE void for_pool_taps(const PoolWindow& w, const Body& body) {
  std::size_t line = w.first;
  for (std::size_t u = w.rows.begin; u < w.rows.end; ++u, line += w.down) {
    std::size_t at = line;
    for (std::size_t v = w.columns.begin; v < w.columns.end; ++v, at += w.across) body(at);
  }
}

template <std::size_t... c>
HWY_NOINLINE void avg_pool_window(const float* x, const PoolWindow& w, float inverse, float* y,
                                  std::index_sequence<c...>) {
  float total[] = {(static_cast<void>(c), 0.0f)...};
  for_pool_taps(w, [&](std::size_t at) { ((total[c] += x[at + c]), ...); });
  ((y[c] = total[c] * inverse), ...);
}
inline HWY_NOINLINE void avg_pool_forward(const AvgPoolForward& a) {
  for_pool_windows(a, [&](const PoolWindow& w, std::size_t r, std::size_t c, std::size_t y) {
    const float inverse = 1.0f / pool_divisor(a, w, r, c);
    for_channels(a.output.channels, [&](std::size_t first, auto channels) {
      avg_pool_window(a.x + first, w, inverse, a.y + y + first, channels);
    });
  });
}

template <std::size_t... c>
HWY_NOINLINE void avg_pool_gradient_window(const float* dy, const PoolWindow& w, float inverse,
                                           float* dx, std::index_sequence<c...>) {
  const float share[] = {dy[c] * inverse...};
  for_pool_taps(w, [&](std::size_t at) { ((dx[at + c] += share[c]), ...); });
}
inline HWY_NOINLINE void avg_pool_gradient(const AvgPoolGradient& a) {
  std::memset(a.dx, 0, a.batch * a.input.elements() * sizeof(float));
  for_pool_windows(a, [&](const PoolWindow& w, std::size_t r, std::size_t c, std::size_t y) {
    const float inverse = 1.0f / pool_divisor(a, w, r, c);
    for_channels(a.output.channels, [&](std::size_t first, auto channels) {
      avg_pool_gradient_window(a.dy + y + first, w, inverse, a.dx + first, channels);
    });
  });
}

}  // namespace etch::kernels::micro
