// What the sums of a tile of pixels run over: for each tap that any of its pixels has, a pointer
// for each pixel into the tensor that is read, or to zeros where the tap meets padding.
#pragma once
#include <hwy/base.h>
#include <etch/kernels/conv_geometry.hpp>
#include <etch/kernels/micro/target.hpp>
#include <etch/kernels/typed.hpp>

#include <algorithm>
#include <cstddef>

namespace etch::kernels::micro {

struct Segment {
  const float* row[most_rows];
  std::size_t k;       // of the group's weights, the first row: tap * inputs
  std::size_t length;  // floats of each row
};

// The segments of one tile. Rows from `rows` on are copies of the last pixel's.
struct Segments {
  Segment* begin;
  std::size_t size = 0, rows = 0;
};

constexpr bool meets_padding(const ConvGeometry& g) {
  return g.window.padded(g.input) != Pair(g.input.height, g.input.width);
}
// Nothing tells pixels apart: they are as one line, over all images. A fully connected layer's is
// as long as its batch.
constexpr bool is_one_line(const ConvGeometry& g) {
  return g.taps() == 1 && g.window.stride == Pair(1) && !meets_padding(g);
}

// Without groups these pixels are the rows of a matrix.
constexpr bool is_matrix(const ConvGeometry& g) { return is_one_line(g) && g.groups == 1; }

using Offset = std::ptrdiff_t;
constexpr Offset signed_of(std::size_t n) { return static_cast<Offset>(n); }

// Taps [begin, end) along one axis that are inside for any of the positions whose tap 0 is at
// first, ... last.
struct TapRange {
  std::size_t begin = 0, end = 0;

  TapRange() = default;
  TapRange(std::size_t first, std::size_t last) : begin(first), end(last) {}
  TapRange(Offset first, Offset last, std::size_t taps, std::size_t dilation, std::size_t length)
      : end(taps) {
    while (begin < end && last + signed_of(begin * dilation) < 0) ++begin;
    while (begin < end && first + signed_of((end - 1) * dilation) >= signed_of(length)) --end;
  }
};

// Pixels of y look at x.
class ForwardSegments : public Segments {
 public:
  static constexpr std::size_t bytes(const ConvGeometry& g) {
    return is_matrix(g) ? 0 : g.taps() * sizeof(Segment) + zeros(g) * sizeof(float);
  }

  ForwardSegments(const ConvGeometry& geometry, std::size_t batch, const float* from,
                  std::byte* scratch)
      : Segments{typed<Segment>(scratch)},
        lines(is_one_line(geometry) ? 1 : batch * geometry.output.height),
        width(is_one_line(geometry) ? batch * geometry.output.height * geometry.output.width
                                    : geometry.output.width),
        g_(geometry),
        x_(from),
        zeros_(typed<float>(scratch + geometry.taps() * sizeof(Segment))),
        grid_{from, 0, is_one_line(geometry) ? width : geometry.input.width,
              geometry.window.padding.width} {
    std::fill_n(zeros_, zeros(geometry), 0.0f);
    if (copies_lines(geometry)) grid_ = {zeros_, 0, padded_width(geometry), 0};
  }

  const std::size_t lines, width;

  // Goes to a line of y, counted over all images.
  void line(std::size_t l) {
    const Window& w = g_.window;
    const std::size_t n = l / g_.output.height, r = l % g_.output.height;
    const Offset row = signed_of(r * w.stride.height) - signed_of(w.padding.height);
    down_ = TapRange(row, row, w.kernel_size.height, w.dilation.height, g_.input.height);
    const Offset first = signed_of(n * g_.input.height) + row;
    if (copies_lines(g_)) return copy_lines(first);
    grid_.first = first * signed_of(grid_.width);
  }

  // Goes to the line's pixels [c, c + count).
  HWY_NOINLINE void pixels(std::size_t c, std::size_t count) {
    const Window& w = g_.window;
    const std::size_t inputs = g_.inputs(), kernel = w.kernel_size.width;
    const Offset column = signed_of(c * w.stride.width) - signed_of(grid_.padding);
    const Offset last = column + signed_of((count - 1) * w.stride.width);
    const bool inside =
        column >= 0 && last + signed_of(reach(kernel, w.dilation.width)) <= signed_of(grid_.width);
    const TapRange across = inside ? TapRange(0, kernel)
                                   : TapRange(column, last, kernel, w.dilation.width, grid_.width);
    // All pixels have all taps of a kernel row, and these lie side by side: one long segment.
    const std::size_t taps = inside && w.dilation.width == 1 && g_.groups == 1 ? kernel : 1;
    Segment* s = begin;
    for (std::size_t u = down_.begin; u < down_.end; ++u) {
      const Offset line = grid_.first + signed_of(u * w.dilation.height * grid_.width);
      for (std::size_t v = across.begin; v < across.end; v += taps, ++s) {
        point_rows(*s, line, column + signed_of(v * w.dilation.width), count, inside);
        s->k = (u * kernel + v) * inputs;
        s->length = taps * inputs;
      }
    }
    size = static_cast<std::size_t>(s - begin);
    rows = count;
  }

 private:
  // What the taps look at: `first` is how many pixels before what tap row 0 sees.
  struct Grid {
    const float* pixels;
    Offset first;
    std::size_t width, padding;
  };

  static constexpr std::size_t padded_width(const ConvGeometry& g) {
    return g.window.padded(g.input).width;
  }
  // Few channels make short segments where padding cuts a kernel row: the lines that a line of y
  // sees are copied between zeros instead.
  static constexpr bool copies_lines(const ConvGeometry& g) {
    return g.inputs() < 4 && g.groups == 1 && padded_width(g) > g.input.width &&
           g.window.dilation == Pair(1);
  }
  // A pixel, or the lines. Of a depthwise convolution all channels, of others those of a group.
  static constexpr std::size_t zeros(const ConvGeometry& g) {
    if (copies_lines(g)) return g.window.kernel_size.height * padded_width(g) * g.input.channels;
    if (!meets_padding(g)) return 0;
    return g.depthwise() ? g.input.channels : g.inputs();
  }

  void copy_lines(Offset first) {
    const std::size_t channels = g_.input.channels, length = g_.input.width * channels;
    for (std::size_t u = down_.begin; u < down_.end; ++u) {
      const float* from = x_ + (first + signed_of(u)) * signed_of(length);
      float* to = zeros_ + (u * padded_width(g_) + g_.window.padding.width) * channels;
      std::copy(from, from + length, to);
    }
  }

  void point_rows(Segment& s, Offset line, Offset at, std::size_t count, bool inside) const {
    const Offset stride = signed_of(g_.window.stride.width);
    const Offset step = stride * signed_of(g_.input.channels);
    const float* x = grid_.pixels + (line + at) * signed_of(g_.input.channels);
    if (inside) {
      HWY_UNROLL(4)
      for (std::size_t i = 0; i < most_rows; ++i) {
        s.row[i] = x;
        if (i + 1 < count) x += step;
      }
      return;
    }
    for (std::size_t i = 0; i < most_rows; ++i) {
      s.row[i] = static_cast<std::size_t>(at) < grid_.width ? x : zeros_;
      if (i + 1 >= count) continue;
      at += stride;
      x += step;
    }
  }

  const ConvGeometry& g_;
  const float* x_;  // of the group
  float* zeros_;
  Grid grid_;
  TapRange down_;
};

// Pixels of x look back at those of dy that saw them. Pixels of a tile are as far apart as the
// stride, so that the same taps saw them.
class BackwardSegments : public Segments {
 public:
  static constexpr std::size_t bytes(const ConvGeometry& g) {
    if (is_matrix(g)) return 0;
    return g.taps() * sizeof(Segment) + (is_one_line(g) ? 0 : row_length(g) * sizeof(float));
  }

  BackwardSegments(const ConvGeometry& geometry, std::size_t batch, const float* dy,
                   std::byte* scratch)
      : Segments{typed<Segment>(scratch)},
        lines(is_one_line(geometry) ? 1 : batch * geometry.input.height),
        width(is_one_line(geometry) ? batch * geometry.input.height * geometry.input.width
                                    : geometry.input.width),
        g_(geometry),
        dy_(dy),
        dy_width_(is_one_line(geometry) ? width : geometry.output.width),
        zeros_(typed<float>(scratch + geometry.taps() * sizeof(Segment))) {
    if (!is_one_line(geometry)) std::fill_n(zeros_, row_length(geometry), 0.0f);
  }

  const std::size_t lines, width;

  // Goes to a line of x, counted over all images.
  void line(std::size_t l) {
    row_ = signed_of(l % g_.input.height + g_.window.padding.height);
    image_ = signed_of(l / g_.input.height * g_.output.height);
  }

  // Goes to `count` of the line's pixels, from c on, a stride apart.
  HWY_NOINLINE void pixels(std::size_t c, std::size_t count) {
    const Window& w = g_.window;
    const Offset down = signed_of(w.stride.height), across = signed_of(w.stride.width);
    Segment* s = begin;
    for (std::size_t u = 0; u < w.kernel_size.height; ++u) {
      const Offset row = row_ - signed_of(u * w.dilation.height);
      if (row < 0 || row % down != 0 || row / down >= signed_of(g_.output.height)) continue;
      const Offset line = (image_ + row / down) * signed_of(dy_width_);
      for (std::size_t v = 0; v < w.kernel_size.width; ++v) {
        const Offset seen = signed_of(c + w.padding.width) - signed_of(v * w.dilation.width);
        const Offset at = seen / across;
        if (seen % across != 0 || at + signed_of(count) <= 0 || at >= signed_of(dy_width_)) {
          continue;
        }
        s->k = (u * w.kernel_size.width + v) * g_.inputs();
        point(*s++, line, at, count);
      }
    }
    size = static_cast<std::size_t>(s - begin);
    rows = count;
  }

 private:
  static constexpr std::size_t row_length(const ConvGeometry& g) {
    return g.depthwise() ? g.output.channels : g.outputs();
  }

  void point(Segment& s, Offset line, Offset at, std::size_t count) const {
    const float* dy = dy_ + (line + at) * signed_of(g_.output.channels);
    for (std::size_t i = 0; i < most_rows; ++i) {
      s.row[i] = static_cast<std::size_t>(at) < dy_width_ ? dy : zeros_;
      if (i + 1 >= count) continue;
      ++at;
      dy += g_.output.channels;
    }
  }

  const ConvGeometry& g_;
  const float* dy_;  // of the group
  std::size_t dy_width_;
  float* zeros_;
  Offset row_ = 0, image_ = 0;  // of the line: its row in the padded image, lines of dy before it
};

// Calls body(pixel) for all tiles of x's pixels, whose rows are then in `segments`.
template <class Body>
HWY_INLINE void for_input_tiles(const ConvGeometry& g, BackwardSegments& segments,
                                const Body& body) {
  const std::size_t step = g.window.stride.width;
  for (std::size_t l = 0; l < segments.lines; ++l) {
    segments.line(l);
    for (std::size_t first = 0; first < std::min(step, segments.width); ++first) {
      for (std::size_t p = first; p < segments.width; p += step * segments.rows) {
        const std::size_t left = (segments.width - p + step - 1) / step;
        segments.pixels(p, std::min(most_rows, left));
        body(l * segments.width + p);
      }
    }
  }
}

}  // namespace etch::kernels::micro
