// Forward convolution of few input channels to few outputs, for one SIMD target: the first layer
// over grayscale images. Vectors run over the pixels of a line, its channels one after the other;
// vectors over output channels would be mostly empty.
#if defined(ETCH_CONV2D_GRAY_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ETCH_CONV2D_GRAY_INL_HPP
#undef ETCH_CONV2D_GRAY_INL_HPP
#else
#define ETCH_CONV2D_GRAY_INL_HPP
#endif

#include <etch/kernels/advance.hpp>
#include <etch/kernels/conv2d.hpp>
#include <etch/kernels/inside_taps.hpp>
#include <etch/kernels/parallel.hpp>
#include <etch/kernels/typed.hpp>

#include <algorithm>
#include <utility>

#include <etch/kernels/lanes-inl.hpp>
#include <etch/kernels/transpose-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace etch::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// One output line after the other.
class GrayLines {
 public:
  GrayLines(const ConvForward& c, float* lines)
      : c_(c), g_(c.geometry), lines_(lines), length_(gray_line(c.geometry)) {
    std::fill_n(lines_, gray_bytes(g_) / sizeof(float), 0.0f);
  }

  // Output line `row`, counted over all images; not before the one that ran last.
  void run(std::size_t row) {
    const Window& w = g_.window;
    const std::size_t n = row / g_.output.height, r = row % g_.output.height;
    rows_ = InsideTaps(r, w.kernel_size.height, 1, 1, w.padding.height, g_.input.height);
    first_ = n * g_.input.height + r - w.padding.height;
    for (std::size_t u = rows_.begin; u < rows_.end; ++u) {
      if (first_ + u >= next_) take(first_ + u);
    }
    for (std::size_t o = 0; o < g_.output.channels; o += most) {
      const std::size_t outputs = std::min(most, g_.output.channels - o);
      for (std::size_t c = 0; c < g_.output.width; c += gray_pixels) {
        sums(outputs, std::make_index_sequence<most>(), row * g_.output.width + c, c, o);
      }
    }
  }

 private:
  using Tag = hn::CappedTag<float, gray_pixels / 2>;
  using Vec = hn::Vec<Tag>;
  static constexpr std::size_t lanes = hn::MaxLanes(Tag());
  // Outputs at once: with two vectors of pixels each, their sums fill 12 registers.
  static constexpr std::size_t most = 6;

  // The channels of line `row` of x, counted over all images, among the kernel's rows.
  float* line(std::size_t row) const {
    return lines_ + row % g_.window.kernel_size.height * g_.input.channels * length_;
  }

  void take(std::size_t row) {
    const std::size_t width = g_.input.width, channels = g_.input.channels;
    const float* from = c_.x + row * width * channels;
    float* to = line(row) + g_.window.padding.width;
    if (channels == 1) {
      std::copy_n(from, width, to);
    } else {
      transpose(from, channels, width, channels, to, length_);
    }
    next_ = row + 1;
  }

  template <std::size_t... i>
  void sums(std::size_t outputs, std::index_sequence<i...>, std::size_t pixel, std::size_t c,
            std::size_t o) {
    static_cast<void>(((outputs == i + 1 && (block<i + 1>(pixel, c, o), true)) || ...));
  }

  // `outputs` channels from o of gray_pixels pixels from column c.
  template <std::size_t outputs>
  HWY_NOINLINE void block(std::size_t pixel, std::size_t c, std::size_t o) {
    HWY_ALIGN float sum[outputs * gray_pixels];
    const std::size_t count = std::min(gray_pixels, g_.output.width - c);
    for (std::size_t p = 0; p < count; p += 2 * lanes) {
      if (count - p > lanes) {
        vectors<2>(std::make_index_sequence<2 * outputs>(), c + p, o, sum + p);
      } else {
        vectors<1>(std::make_index_sequence<outputs>(), c + p, o, sum + p);
      }
    }
    float* y = c_.y + pixel * g_.output.channels + o;
    if (c_.epilogue.skip != nullptr) add_skip(outputs, count, y, sum);
    put<outputs>(sum, count, y);
  }

  // Four outputs of four pixels at once, the last four outputs maybe over those before.
  template <std::size_t outputs>
  HWY_INLINE void put(const float* sum, std::size_t count, float* y) const {
    const std::size_t channels = g_.output.channels;
    std::size_t p = 0;
    if constexpr (outputs >= 4) {
      p = count / 4 * 4;
      transpose(sum, gray_pixels, 4, p, y, channels);
      constexpr std::size_t last = outputs - 4;
      if (last > 0) transpose(sum + last * gray_pixels, gray_pixels, 4, p, y + last, channels);
    }
    for (; p < count; ++p) {
      for (std::size_t k = 0; k < outputs; ++k) y[p * channels + k] = sum[k * gray_pixels + p];
    }
  }

  // To the sums of `count` pixels, from where y is.
  HWY_NOINLINE void add_skip(std::size_t outputs, std::size_t count, const float* y, float* sum) {
    const float* skip = c_.epilogue.skip + (y - c_.y);
    for (std::size_t p = 0; p < count; ++p, skip += g_.output.channels) {
      for (std::size_t k = 0; k < outputs; ++k) {
        float& s = sum[k * gray_pixels + p];
        s += skip[k];
        if (c_.epilogue.relu) s = std::max(s, 0.0f);
      }
    }
  }

  // The sums of `count` vectors of pixels and the outputs from o.
  template <std::size_t count, std::size_t... i>
  HWY_INLINE void vectors(std::index_sequence<i...>, std::size_t c, std::size_t o, float* to) {
    const Tag d;
    const std::size_t kernel = g_.window.kernel_size.width, channels = g_.input.channels;
    const std::size_t stride = g_.output.channels;
    Vec sum[] = {(static_cast<void>(i), hn::Zero(d))...};
    for (std::size_t u = rows_.begin; u < rows_.end; ++u) {
      const float* x = line(first_ + u) + c;
      const float* weight = c_.weight + u * kernel * channels * stride + o;
      for (std::size_t v = 0; v < kernel; ++v, ++x) {
        for (std::size_t k = 0; k < channels; ++k, advance(weight, stride)) {
          const float* from = x + k * length_;
          const Vec at[] = {hn::LoadU(d, from), hn::LoadU(d, from + (count - 1) * lanes)};
          ((sum[i] = hn::MulAdd(hn::Set(d, weight[i / count]), at[i % count], sum[i])), ...);
        }
      }
    }
    (hn::StoreU(finish(sum[i], o + i / count), d, to + i / count * gray_pixels + i % count * lanes),
     ...);
  }

  HWY_INLINE Vec finish(Vec sum, std::size_t o) const {
    const Tag d;
    const Epilogue& e = c_.epilogue;
    if (e.scale != nullptr) sum = hn::Mul(sum, hn::Set(d, e.scale[o]));
    if (e.shift != nullptr) sum = hn::Add(sum, hn::Set(d, e.shift[o]));
    return e.relu && e.skip == nullptr ? relu(d, sum) : sum;
  }

  const ConvForward& c_;
  const ConvGeometry& g_;
  float* lines_;           // a kernel's rows of x, each channel's between zeros
  std::size_t length_;     // of one channel
  std::size_t next_ = 0;   // the line of x after those taken so far
  std::size_t first_ = 0;  // the line of x at the kernel's first row
  InsideTaps rows_{0, 0, 1, 1, 0, 0};
};

HWY_INLINE void gray_forward(const ConvForward& c) {
  const ConvGeometry& g = c.geometry;
  const std::size_t rows = c.batch * g.output.height;
  // Lines a thread takes at once: some microseconds of work.
  constexpr std::size_t some = 32;
  const std::size_t pieces = (rows + some - 1) / some;
  parallel(c.threads, pieces, [&](std::size_t piece, std::size_t worker) HWY_ATTR {
    GrayLines lines(c, typed<float>(c.scratch + worker * gray_bytes(g)));
    for (std::size_t row = piece * some; row < std::min(rows, (piece + 1) * some); ++row) {
      lines.run(row);
    }
  });
}

}  // namespace etch::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
