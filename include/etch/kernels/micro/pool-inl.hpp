// Pools on a microcontroller. See pool.hpp.
#pragma once
#include <hwy/base.h>
#include <etch/kernels/inside_taps.hpp>
#include <etch/kernels/pool.hpp>

#include <algorithm>
#include <limits>

namespace etch::kernels::micro {

// The taps of one window that are inside, and the floats between them.
struct PoolWindow {
  InsideTaps rows, columns;
  std::size_t first;         // of the first tap's channels
  std::size_t down, across;  // from tap to tap

  PoolWindow(const Shape& input, const Window& w, std::size_t n, std::size_t r, std::size_t c)
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

// Calls body(window, first of the output's channels) for every output position.
template <class Args, class Body>
HWY_INLINE void for_pool_windows(const Args& a, const Body& body) {
  std::size_t y = 0;
  for (std::size_t n = 0; n < a.batch; ++n) {
    for (std::size_t r = 0; r < a.output.height; ++r) {
      for (std::size_t c = 0; c < a.output.width; ++c, y += a.output.channels) {
        body(PoolWindow(a.input, a.window, n, r, c), y);
      }
    }
  }
}

// The maximum of one more tap, and the first tap that holds it; a NaN wins, as in PyTorch.
inline void max_pool_tap(const float* x, std::size_t channels, std::size_t tap, float* y,
                         std::uint8_t* argmax) {
  for (std::size_t c = 0; c < channels; ++c) {
    const float best = y[c];
    if (x[c] <= best || best != best) continue;
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
  for_pool_windows(a, [&](const PoolWindow& w, std::size_t y) { max_pool_window(a, w, y); });
}

}  // namespace etch::kernels::micro
