// Pools for one SIMD target: vectors over channels. See pool.hpp.
#include <etch/kernels/inside_taps.hpp>
#include <etch/kernels/pool.hpp>

#include <limits>

#if defined(ETCH_KERNELS_POOL_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef ETCH_KERNELS_POOL_INL
#undef ETCH_KERNELS_POOL_INL
#else
#define ETCH_KERNELS_POOL_INL
#endif

#include <hwy/highway.h>

#include <etch/kernels/lanes-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace etch::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// A window at one output position, and where its pixels are in the input.
struct PlacedWindow {
  const Shape& input;
  const Window& window;
  std::size_t r, c = 0;
  InsideTaps rows, columns;
  // Of tap (0, 0), which may lie before the image and then wraps around; from tap to tap.
  std::size_t origin, down, across;
  bool is_padded;  // else all columns are inside, at every position

  // At column 0 of row `row`, counted over all images of `height` output rows.
  PlacedWindow(const Shape& in, const Window& w, std::size_t row, std::size_t height)
      : input(in),
        window(w),
        r(row % height),
        rows(r, w.kernel_size.height, w.stride.height, w.dilation.height, w.padding.height,
             in.height),
        columns(inside()),
        origin(((row / height * in.height + r * w.stride.height - w.padding.height) * in.width -
                w.padding.width) *
               in.channels),
        down(w.dilation.height * in.width * in.channels),
        across(w.dilation.width * in.channels),
        is_padded(w.padding.width + w.extra_padding.width > 0) {}

  void next_column() {
    ++c;
    origin += window.stride.width * input.channels;
    if (is_padded) columns = inside();
  }

  // The first of the pixel's channels.
  std::size_t at(std::size_t u, std::size_t v) const { return origin + u * down + v * across; }

 private:
  InsideTaps inside() const {
    return {c,
            window.kernel_size.width,
            window.stride.width,
            window.dilation.width,
            window.padding.width,
            input.width};
  }
};

// Calls body(window, first of the output's channels) for each position of an output row.
template <class Body>
HWY_INLINE void for_windows(const Shape& input, const Shape& output, const Window& window,
                            std::size_t row, const Body& body) {
  PlacedWindow w(input, window, row, output.height);
  std::size_t y = row * output.width * output.channels;
  for (std::size_t c = 0; c < output.width; ++c, y += output.channels) {
    body(w, y);
    w.next_column();
  }
}

// The maximum of a window; the last NaN wins, as in PyTorch.
HWY_INLINE void largest(const MaxPoolForward& a, const PlacedWindow& w, std::size_t y) {
  for_lanes_overlapping(a.output.channels, [&](auto d, std::size_t channel) HWY_ATTR {
    auto best = hn::Set(d, -std::numeric_limits<float>::infinity());
    for (std::size_t u = w.rows.begin; u < w.rows.end; ++u) {
      for (std::size_t v = w.columns.begin; v < w.columns.end; ++v) {
        const auto x = hn::LoadU(d, a.x + w.at(u, v) + channel);
        best = hn::IfThenElse(hn::Or(hn::Gt(x, best), hn::IsNaN(x)), x, best);
      }
    }
    hn::StoreU(best, d, a.y + y + channel);
  });
}

// Lines whose pixels are shorter than a vector, as long as they are: whole lines are compared
// first, and then only the pixels of one line.
inline constexpr std::size_t narrow_line = 1024;
using Narrow = hn::CappedTag<float, 8>;
HWY_INLINE bool is_narrow(const MaxPoolForward& a) {
  return a.argmax == nullptr && hn::MaxLanes(Narrow()) == 8 && a.input.channels <= 8 &&
         a.input.width * a.input.channels <= narrow_line;
}

HWY_INLINE void narrow_row(const MaxPoolForward& a, std::size_t row) {
  HWY_ALIGN float line[narrow_line + 8];
  const std::size_t channels = a.input.channels, length = a.input.width * channels;
  const auto larger = [](auto x, auto best) HWY_ATTR {
    return hn::IfThenElse(hn::Or(hn::Gt(x, best), hn::IsNaN(x)), x, best);
  };
  PlacedWindow w(a.input, a.window, row, a.output.height);
  const std::size_t left = a.window.padding.width * channels;  // before the line: see origin
  for_lanes(0, length, [&](auto d, std::size_t i) HWY_ATTR {
    auto best = hn::Set(d, -std::numeric_limits<float>::infinity());
    for (std::size_t u = w.rows.begin; u < w.rows.end; ++u) {
      best = larger(hn::LoadU(d, a.x + (w.at(u, 0) + left + i)), best);
    }
    hn::StoreU(best, d, line + i);
  });
  const Narrow d;
  float* y = a.y + row * a.output.width * channels;
  for (std::size_t c = 0; c < a.output.width; ++c, y += channels) {
    const std::size_t first = c * a.window.stride.width - a.window.padding.width;
    auto best = hn::Set(d, -std::numeric_limits<float>::infinity());
    for (std::size_t v = w.columns.begin; v < w.columns.end; ++v) {
      const std::size_t pixel = first + v * a.window.dilation.width;
      best = larger(hn::LoadU(d, line + pixel * channels), best);
    }
    // A vector reaches into the pixels after it, which are stored later; not into the next line.
    if ((a.output.width - c) * channels >= 8) {
      hn::StoreU(best, d, y);
    } else {
      HWY_ALIGN float lanes[8];
      hn::Store(best, d, lanes);
      std::copy_n(lanes, channels, y);
    }
    w.next_column();
  }
}

// And the first tap that holds it.
inline void max_pool_forward(const MaxPoolForward& a) {
  const std::size_t rows = a.batch * a.output.height;
  const std::size_t threads = threads_for(rows * a.output.width * a.output.channels, a.threads);
  parallel(threads, rows, [&](std::size_t row, std::size_t) HWY_ATTR {
    if (is_narrow(a)) return narrow_row(a, row);
    for_windows(
        a.input, a.output, a.window, row, [&](const PlacedWindow& w, std::size_t y) HWY_ATTR {
          if (a.argmax == nullptr) return largest(a, w, y);
          const auto winners = [&](auto d, std::size_t channel) HWY_ATTR {
            const hn::RebindToSigned<decltype(d)> di;
            auto best = hn::Set(d, -std::numeric_limits<float>::infinity());
            const std::size_t first = w.rows.begin * a.window.kernel_size.width + w.columns.begin;
            auto winner = hn::Set(di, static_cast<std::int32_t>(first));
            for (std::size_t u = w.rows.begin; u < w.rows.end; ++u) {
              for (std::size_t v = w.columns.begin; v < w.columns.end; ++v) {
                const auto x = hn::LoadU(d, a.x + w.at(u, v) + channel);
                const auto wins = hn::Or(hn::Gt(x, best), hn::IsNaN(x));
                const std::size_t tap = u * a.window.kernel_size.width + v;
                best = hn::IfThenElse(wins, x, best);
                winner = hn::IfThenElse(hn::RebindMask(di, wins),
                                        hn::Set(di, static_cast<std::int32_t>(tap)), winner);
              }
            }
            hn::StoreU(best, d, a.y + y + channel);
            const hn::Rebind<std::uint8_t, decltype(d)> du8;
            hn::StoreU(hn::DemoteTo(du8, winner), du8, a.argmax + y + channel);
          };
          // One vector that reaches into the next pixel, which is stored later.
          const std::size_t channels = a.output.channels;
          const bool one = hn::MaxLanes(Narrow()) == 8 && channels > 4 && channels < 8;
          if (one && !w.is_padded && w.c + 1 < a.output.width) {
            winners(Narrow(), 0);
          } else {
            for_lanes_overlapping(channels, winners);
          }
        });
  });
}

// Windows may overlap: a thread takes whole images.
inline void max_pool_gradient(const MaxPoolGradient& a) {
  const std::size_t image = a.input.elements();
  // From a window's origin to each tap; MaxPool2d has at most 256.
  std::size_t tap_at[256];
  const Window& k = a.window;
  for (std::size_t tap = 0; tap < k.kernel_size.area(); ++tap) {
    const std::size_t u = tap / k.kernel_size.width, v = tap % k.kernel_size.width;
    tap_at[tap] = (u * k.dilation.height * a.input.width + v * k.dilation.width) * a.input.channels;
  }
  parallel(threads_for(a.batch * image, a.threads), a.batch,
           [&](std::size_t n, std::size_t) HWY_ATTR {
             float* dx = a.dx + n * image;
             std::fill(dx, dx + image, 0.0f);
             for (std::size_t r = 0; r < a.output.height; ++r) {
               for_windows(a.input, a.output, a.window, n * a.output.height + r,
                           [&](const PlacedWindow& w, std::size_t y) HWY_ATTR {
                             for (std::size_t c = 0; c < a.output.channels; ++c) {
                               a.dx[w.origin + tap_at[a.argmax[y + c]] + c] += a.dy[y + c];
                             }
                           });
             }
           });
}

// What a sum over a window is divided by. Positions beyond the padding never count.
HWY_INLINE float divisor(const PlacedWindow& w, bool count_include_pad) {
  if (!count_include_pad) return static_cast<float>(w.rows.size() * w.columns.size());
  const auto covered = [](std::size_t at, std::size_t kernel, std::size_t stride,
                          std::size_t padded) {
    return std::min(at * stride + kernel, padded) - at * stride;
  };
  const Window& k = w.window;
  const Pair padded = k.padded(w.input);
  return static_cast<float>(covered(w.r, k.kernel_size.height, k.stride.height, padded.height) *
                            covered(w.c, k.kernel_size.width, k.stride.width, padded.width));
}

// Row by row of the window: sums of sums, for the accuracy of global pools.
inline void avg_pool_forward(const AvgPoolForward& a) {
  const std::size_t rows = a.batch * a.output.height;
  const std::size_t threads = threads_for(a.batch * a.input.elements(), a.threads);
  parallel(threads, rows, [&](std::size_t row, std::size_t) HWY_ATTR {
    for_windows(
        a.input, a.output, a.window, row, [&](const PlacedWindow& w, std::size_t y) HWY_ATTR {
          const float count = divisor(w, a.count_include_pad);
          for_lanes_overlapping(a.output.channels, [&](auto d, std::size_t channel) HWY_ATTR {
            auto total = hn::Zero(d);
            for (std::size_t u = w.rows.begin; u < w.rows.end; ++u) {
              auto sum = hn::Zero(d);
              for (std::size_t v = w.columns.begin; v < w.columns.end; ++v) {
                sum = hn::Add(sum, hn::LoadU(d, a.x + w.at(u, v) + channel));
              }
              total = hn::Add(total, sum);
            }
            hn::StoreU(hn::Div(total, hn::Set(d, count)), d, a.y + y + channel);
          });
        });
  });
}

inline void avg_pool_gradient(const AvgPoolGradient& a) {
  const std::size_t image = a.input.elements();
  parallel(threads_for(a.batch * image, a.threads), a.batch,
           [&](std::size_t n, std::size_t) HWY_ATTR {
             std::fill(a.dx + n * image, a.dx + (n + 1) * image, 0.0f);
             for (std::size_t r = 0; r < a.output.height; ++r) {
               for_windows(
                   a.input, a.output, a.window, n * a.output.height + r,
                   [&](const PlacedWindow& w, std::size_t y) HWY_ATTR {
                     const float count = divisor(w, a.count_include_pad);
                     for (std::size_t u = w.rows.begin; u < w.rows.end; ++u) {
                       for (std::size_t v = w.columns.begin; v < w.columns.end; ++v) {
                         float* dx = a.dx + w.at(u, v);
                         for_lanes(0, a.output.channels, [&](auto d, std::size_t channel) HWY_ATTR {
                           const auto share =
                               hn::Div(hn::LoadU(d, a.dy + y + channel), hn::Set(d, count));
                           hn::StoreU(hn::Add(hn::LoadU(d, dx + channel), share), d, dx + channel);
                         });
                       }
                     }
                   });
             }
           });
}

}  // namespace etch::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE && defined(ETCH_HEADER_ONLY)
#if defined(HWY_COMPILE_ONLY_SCALAR)
#include <etch/kernels/micro/pool-inl.hpp>
namespace etch::kernels {
inline void max_pool_forward(const MaxPoolForward& a) { micro::max_pool_forward(a); }
inline void max_pool_gradient(const MaxPoolGradient& a) { micro::max_pool_gradient(a); }
inline void avg_pool_forward(const AvgPoolForward& a) { micro::avg_pool_forward(a); }
inline void avg_pool_gradient(const AvgPoolGradient& a) { micro::avg_pool_gradient(a); }
}  // namespace etch::kernels
#else
namespace etch::kernels {
inline void max_pool_forward(const MaxPoolForward& a) { HWY_STATIC_DISPATCH(max_pool_forward)(a); }
inline void max_pool_gradient(const MaxPoolGradient& a) {
  HWY_STATIC_DISPATCH(max_pool_gradient)(a);
}
inline void avg_pool_forward(const AvgPoolForward& a) { HWY_STATIC_DISPATCH(avg_pool_forward)(a); }
inline void avg_pool_gradient(const AvgPoolGradient& a) {
  HWY_STATIC_DISPATCH(avg_pool_gradient)(a);
}
}  // namespace etch::kernels
#endif
#endif
#endif
