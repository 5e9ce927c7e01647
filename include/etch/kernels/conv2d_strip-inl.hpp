// The input gradient of a convolution over few channels, for one SIMD target. See conv2d.hpp.
//
// A vector over 3 input channels would be mostly empty. Here it runs over the taps of a kernel row
// and their channels: a line of output gradients times the weights gives, for each of its pixels,
// a strip of what that pixel adds to the input line. Strips are summed over kernel rows in
// registers, and then added up where they overlap in the line.
#if defined(ETCH_CONV2D_STRIP_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ETCH_CONV2D_STRIP_INL_HPP
#undef ETCH_CONV2D_STRIP_INL_HPP
#else
#define ETCH_CONV2D_STRIP_INL_HPP
#endif

#include <etch/kernels/conv2d.hpp>
#include <etch/kernels/parallel.hpp>
#include <etch/kernels/typed.hpp>

#include <algorithm>
#include <cstring>

#include <etch/kernels/tile_tables-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace etch::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Weights as (kernel row, output, tap and channel of the row), whole panels long.
HWY_INLINE void strip_weights(const ConvGeometry& g, const float* weight, float* to) {
  for (std::size_t u = 0; u < g.window.kernel_size.height; ++u) {
    for (std::size_t o = 0; o < g.outputs(); ++o, to += strip_columns(g)) {
      const float* from = weight + g.weight_index(o, 0, u, 0);
      const std::size_t step = std::min(panel, g.outputs() - o / panel * panel);
      std::fill(to, to + strip_columns(g), 0.0f);
      for (std::size_t k = 0; k < strip_length(g); ++k) to[k] = from[k * step];
    }
  }
}

// One line of dx after the other.
class Strips {
 public:
  Strips(const ConvInputGradient& c, const float* weights, std::byte* scratch)
      : c_(c),
        g_(c.geometry),
        weights_(weights),
        strips_(typed<float>(scratch)),
        tables_{scratch + strip_bytes(g_), table_bytes(g_.window.kernel_size.height, 0),
                g_.window.kernel_size.height} {}

  // Line `row` of dx, counted over all images.
  void run(std::size_t row) {
    const std::size_t n = row / g_.input.height, h = row % g_.input.height;
    for (std::size_t c = 0; c < g_.output.width; c += max_rows) {
      const std::size_t count = std::min(max_rows, g_.output.width - c);
      if (!build(n, h, c, count)) return nothing(row);
      const TileOutput out{strips_, strip_stride, {}, false};
      for_panel_columns(weights_, strip_columns(g_),
                        [&](const Columns& at, std::size_t vectors, bool partial) HWY_ATTR {
                          run_columns(tables_, 1, at, vectors, partial,
                                      g_.window.kernel_size.height * g_.outputs(), out);
                        });
    }
    add_up(c_.dx + row * g_.input.width * g_.input.channels);
  }

 private:
  // A segment for every kernel row that sees line h, from a line of output gradients.
  bool build(std::size_t n, std::size_t h, std::size_t c, std::size_t count) const {
    const Window& w = g_.window;
    TileRows& rows = tables_.rows(0);
    Segment* segment = tables_.segments(0);
    rows.num_rows = static_cast<std::uint32_t>(count);
    for (std::size_t i = 0; i < count; ++i) rows.pixel[i] = static_cast<std::uint32_t>(c + i);
    for (std::size_t u = 0; u < w.kernel_size.height; ++u) {
      const std::size_t from = h + w.padding.height - u, r = from / w.stride.height;
      if (u > h + w.padding.height || from % w.stride.height != 0 || r >= g_.output.height)
        continue;
      const float* dy = c_.dy + ((n * g_.output.height + r) * g_.output.width + c) * g_.outputs();
      for (std::size_t i = 0; i < count; ++i) segment->rows[i] = dy + i * g_.outputs();
      segment->k = static_cast<std::uint32_t>(u * g_.outputs());
      segment->length = static_cast<std::uint32_t>(g_.outputs());
      ++segment;
    }
    rows.num_segments = static_cast<std::uint32_t>(segment - tables_.segments(0));
    return rows.num_segments > 0;
  }

  void nothing(std::size_t row) const {
    const std::size_t length = g_.input.width * g_.input.channels;
    if (!c_.accumulate) std::fill_n(c_.dx + row * length, length, 0.0f);
  }

  // Pixel w of the line gets tap v from the strip of output column (w + padding - v) / stride.
  void add_up(float* dx) const {
    const std::size_t stride = g_.window.stride.width, channels = g_.input.channels;
    const std::size_t taps = g_.window.kernel_size.width;
    std::size_t column = g_.window.padding.width / stride, v = g_.window.padding.width % stride;
    for (std::size_t w = 0; w < g_.input.width; ++w, dx += channels) {
      // Of the columns at or before `column`, those that are there and reach this far.
      const std::size_t last = std::min(column, g_.output.width - 1);
      const float* tap = strips_ + last * strip_stride + (v + (column - last) * stride) * channels;
      const std::size_t begin = v + (column - last) * stride;
      const std::size_t reach = begin < taps ? (taps - begin + stride - 1) / stride : 0;
      add_strips(tap, std::min(reach, last + 1), dx);
      if (++v == stride) {
        v = 0;
        ++column;
      }
    }
  }

  // The sum of `count` strips, each of the column before, at the tap that is a stride further.
  HWY_INLINE void add_strips(const float* tap, std::size_t count, float* dx) const {
    const PartialTag d;
    constexpr bool partial = true;
    const std::size_t channels = g_.input.channels;
    const std::size_t back = strip_stride - g_.window.stride.width * channels;
    for (std::size_t i = 0; i < channels; i += hn::Lanes(d)) {
      const std::size_t lanes = std::min(hn::Lanes(d), channels - i);
      auto sum = c_.accumulate ? load<partial>(dx + i, lanes) : hn::Zero(d);
      const float* from = tap + i;
      for (std::size_t k = 0; k < count; ++k, from -= back) {
        sum = hn::Add(sum, load<partial>(from, lanes));
      }
      store<partial>(sum, dx + i, lanes);
    }
  }

  const ConvInputGradient& c_;
  const ConvGeometry& g_;
  const float* weights_;
  float* strips_;  // (output column, tap and channel), strip_stride apart
  Tables tables_;
};

HWY_INLINE void strip_input_gradient(const ConvInputGradient& c) {
  const ConvGeometry& g = c.geometry;
  float* weights = typed<float>(c.scratch);
  strip_weights(g, c.weight, weights);
  const std::size_t per_thread = strip_bytes(g) + strip_table_bytes(g);
  const std::size_t lines = c.batch * g.input.height;
  // Lines a thread takes at once: some microseconds of work.
  constexpr std::size_t some = 16;
  parallel(c.threads, (lines + some - 1) / some, [&](std::size_t i, std::size_t worker) HWY_ATTR {
    Strips strips(c, weights, c.scratch + strip_weight_bytes(g) + worker * per_thread);
    for (std::size_t row = i * some; row < std::min(lines, (i + 1) * some); ++row) strips.run(row);
  });
}

}  // namespace etch::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
