// The weight gradient of few input channels and few outputs, for one SIMD target: as in
// conv2d_gray-inl.hpp vectors run over the pixels of a line, of which each lane has sums of its
// own.
#if defined(ETCH_CONV2D_GRAY_GRADIENT_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ETCH_CONV2D_GRAY_GRADIENT_INL_HPP
#undef ETCH_CONV2D_GRAY_GRADIENT_INL_HPP
#else
#define ETCH_CONV2D_GRAY_GRADIENT_INL_HPP
#endif

#include <etch/kernels/conv2d.hpp>
#include <etch/kernels/parallel.hpp>
#include <etch/kernels/typed.hpp>

#include <algorithm>
#include <utility>

#include <etch/kernels/conv2d_gray-inl.hpp>
#include <etch/kernels/lanes-inl.hpp>
#include <etch/kernels/transpose-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace etch::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// The gradient of the kernel's rows [begin, end).
class GrayGradient {
 public:
  GrayGradient(const ConvWeightGradient& c, std::size_t begin, std::size_t end, float* scratch)
      : c_(c),
        g_(c.geometry),
        begin_(begin),
        end_(end),
        height_(gray_gradient_lines(c.geometry)),
        length_(gray_gradient_line(c.geometry)),
        totals_(scratch),
        dy_(totals_ + gray_totals(g_)),
        x_(dy_ + g_.output.channels * height_ * length_) {
    std::fill_n(scratch, gray_gradient_bytes(g_) / sizeof(float), 0.0f);
  }

  void run() {
    for (std::size_t n = 0; n < c_.batch; ++n) {
      for (std::size_t r = 0; r < g_.output.height; r += height_) {
        first_ = r;
        count_ = std::min(height_, g_.output.height - r);
        take_dy(n);
        take_x(n);
        for (std::size_t u = begin_; u < end_; ++u) kernel_row(u);
      }
    }
    finish();
  }

 private:
  using Tag = hn::CappedTag<float, gray_lanes>;
  using Vec = hn::Vec<Tag>;
  static constexpr std::size_t lanes = hn::MaxLanes(Tag());
  // Outputs and taps whose sums are in registers.
  static constexpr std::size_t most_outputs = 3, most_taps = HWY_TARGET <= HWY_AVX3 ? 5 : 3;

  // Line `l` of the chunk's output gradients, of one channel; and of x, from the first tap's on.
  float* dy_line(std::size_t o, std::size_t l) const { return dy_ + (o * height_ + l) * length_; }
  float* x_line(std::size_t i, std::size_t l) const {
    return x_ + (i * (height_ + g_.window.kernel_size.height) + l) * length_;
  }

  void take_dy(std::size_t n) {
    const std::size_t outputs = g_.output.channels, width = g_.output.width;
    for (std::size_t l = 0; l < count_; ++l) {
      const float* from = c_.dy + ((n * g_.output.height + first_ + l) * width) * outputs;
      take_line(from, outputs, width, dy_line(0, l), height_ * length_);
    }
    if (c_.dbias == nullptr || begin_ != 0) return;
    const Tag d;
    for (std::size_t o = 0; o < outputs; ++o) {
      Vec sum = hn::Zero(d);
      for (std::size_t i = 0; i < count_ * length_; i += lanes) {
        sum = hn::Add(sum, hn::LoadU(d, dy_line(o, 0) + i));
      }
      add(bias_total(o), sum);
    }
  }

  // What output line first_ sees first is before the image by as much as its padding; lines that
  // are outside are never read.
  void take_x(std::size_t n) {
    const std::size_t channels = g_.input.channels, height = g_.input.height;
    const std::size_t width = g_.input.width, padding = g_.window.padding.height;
    for (std::size_t l = 0; l < count_ + g_.window.kernel_size.height - 1; ++l) {
      const std::size_t r = first_ + l - padding;  // wraps around above the image
      if (r >= height) continue;
      take_line(c_.x + (n * height + r) * width * channels, channels, width,
                x_line(0, l) + g_.window.padding.width,
                (height_ + g_.window.kernel_size.height) * length_);
    }
  }

  // A line of pixels, channel by channel. Four channels at once, the last maybe over those before.
  static void take_line(const float* from, std::size_t channels, std::size_t width, float* to,
                        std::size_t stride) {
    if (channels == 1) {
      std::copy_n(from, width, to);
      return;
    }
    const std::size_t at_once = std::min(channels, std::size_t{4});
    for (std::size_t i = 0; i < channels; i += at_once) {
      const std::size_t at = std::min(i, channels - at_once);
      transpose(from + at, channels, width, at_once, to + at * stride, stride);
    }
  }

  void kernel_row(std::size_t u) {
    const std::size_t padding = g_.window.padding.height, kernel = g_.window.kernel_size.width;
    // Lines of the chunk for which kernel row u is inside.
    std::size_t low = 0, high = count_;
    while (low < high && first_ + low + u < padding) ++low;
    while (low < high && first_ + high - 1 + u >= padding + g_.input.height) --high;
    if (low == high) return;
    for (std::size_t i = 0; i < g_.input.channels; ++i) {
      for (std::size_t o = 0; o < g_.output.channels;) {
        const bool several = o + most_outputs <= g_.output.channels;
        for (std::size_t v = 0; v < kernel; v += most_taps) {
          const std::size_t taps = std::min(most_taps, kernel - v);
          const std::size_t at = ((o * g_.window.kernel_size.height + u) * g_.input.channels + i);
          float* total = totals_ + (at * kernel + v) * gray_lanes;
          const float* x = x_line(i, low + u) + v;
          several ? block<most_outputs>(taps, dy_line(o, low), x, high - low, total,
                                        std::make_index_sequence<most_taps>())
                  : block<1>(taps, dy_line(o, low), x, high - low, total,
                             std::make_index_sequence<most_taps>());
        }
        o += several ? most_outputs : 1;
      }
    }
  }

  template <std::size_t outputs, std::size_t... t>
  void block(std::size_t taps, const float* dy, const float* x, std::size_t lines, float* total,
             std::index_sequence<t...>) const {
    static_cast<void>(
        ((taps == t + 1 &&
          (sums<outputs, t + 1>(dy, x, lines, total, std::make_index_sequence<outputs*(t + 1)>()),
           true)) ||
         ...));
  }

  // Adds to the totals of some outputs and taps of a kernel row the products of some lines.
  template <std::size_t outputs, std::size_t taps, std::size_t... i>
  HWY_NOINLINE void sums(const float* dy, const float* x, std::size_t lines, float* total,
                         std::index_sequence<i...>) const {
    const Tag d;
    Vec sum[] = {(static_cast<void>(i), hn::Zero(d))...};
    const std::size_t of_output = height_ * length_;
    // Behind a line of dy are zeros, as many as the taps look further than it.
    for (const float* end = dy + lines * length_; dy != end; dy += lanes, x += lanes) {
      Vec out[outputs];
      HWY_UNROLL(4)
      for (std::size_t o = 0; o < outputs; ++o) out[o] = hn::Load(d, dy + o * of_output);
      Vec tap[taps];
      HWY_UNROLL(8)
      for (std::size_t v = 0; v < taps; ++v) tap[v] = hn::LoadU(d, x + v);
      // g++ would load what lies unaligned anew for each product.
      asm volatile("" : : : "memory");
      ((sum[i] = hn::MulAdd(tap[i / outputs], out[i % outputs], sum[i])), ...);
    }
    const std::size_t next = g_.taps() * g_.input.channels;
    (add(total + (i % outputs * next + i / outputs) * gray_lanes, sum[i]), ...);
  }

  static void add(float* total, Vec sum) {
    const Tag d;
    hn::StoreU(hn::Add(hn::LoadU(d, total), sum), d, total);
  }
  float* bias_total(std::size_t o) const { return totals_ + (g_.weights() + o) * gray_lanes; }

  void finish() const {
    const Tag d;
    const auto put = [&](const float* total, float& to) HWY_ATTR {
      const float sum = hn::GetLane(hn::SumOfLanes(d, hn::LoadU(d, total)));
      to = c_.accumulate ? to + sum : sum;
    };
    const float* total = totals_;
    for (std::size_t o = 0; o < g_.output.channels; ++o) {
      for (std::size_t u = 0; u < g_.window.kernel_size.height; ++u) {
        for (std::size_t i = 0; i < g_.input.channels; ++i) {
          for (std::size_t v = 0; v < g_.window.kernel_size.width; ++v, total += gray_lanes) {
            if (u >= begin_ && u < end_) put(total, c_.dweight[g_.weight_index(o, i, u, v)]);
          }
        }
      }
      if (c_.dbias != nullptr && begin_ == 0) put(bias_total(o), c_.dbias[o]);
    }
  }

  const ConvWeightGradient& c_;
  const ConvGeometry& g_;
  std::size_t begin_, end_;
  std::size_t height_, length_;  // lines of a chunk, and floats of one, of x or dy
  float *totals_, *dy_, *x_;
  std::size_t first_ = 0, count_ = 0;  // output lines of the chunk
};

HWY_INLINE void gray_weight_gradient(const ConvWeightGradient& c) {
  const ConvGeometry& g = c.geometry;
  // The zeros behind a line of dy meet pixels of x: see narrow_forward.
  if (!all_finite(c.x, c.batch * g.input.elements())) return conv2d_weight_gradient_loops(c);
  const std::size_t rows = g.window.kernel_size.height, pieces = c.threads > 1 ? rows : 1;
  parallel(c.threads, pieces, [&](std::size_t piece, std::size_t worker) HWY_ATTR {
    float* scratch = typed<float>(c.scratch + worker * gray_gradient_bytes(g));
    const std::size_t begin = pieces == 1 ? 0 : piece, end = pieces == 1 ? rows : piece + 1;
    GrayGradient(c, begin, end, scratch).run();
  });
}

}  // namespace etch::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
