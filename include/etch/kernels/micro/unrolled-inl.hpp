// Algorithm::unrolled on a microcontroller: a convolution's forward kernel for one constant
// geometry. Nothing about a tile is a table: its rows, taps and weights lie at constant distances,
// which the loads hold. Faster where sums are short; its code comes once a geometry.
#pragma once
#include <etch/kernels/micro/segments.hpp>
#include <etch/kernels/micro/tiles-inl.hpp>

#include <algorithm>
#include <utility>

namespace etch::kernels::micro {

// A tile of pixels whose rows are `row_step` floats apart in x, over a panel of `width` outputs.
template <std::size_t rows, std::size_t columns, std::size_t row_step, std::size_t width>
class ConstantSums {
 public:
  // sum[r][c] += x[r * row_step + k] * w[k * width + c] for k < length.
  template <std::size_t length>
  HWY_INLINE void add(const float* x, const float* w) {
    constexpr std::size_t at_once = 4, left = length % at_once;
    for (const float* end = x + (length - left); x != end; x += at_once, w += at_once * width) {
      steps(x, w, std::make_index_sequence<at_once>());
    }
    steps(x, w, std::make_index_sequence<left>());
  }
  HWY_INLINE void store(float* to) const { store(to, cells); }

 private:
  static constexpr std::make_index_sequence<rows * columns> cells{};

  template <std::size_t... k>
  HWY_INLINE void steps(const float* x, const float* w, std::index_sequence<k...>) {
    (step(x + k, w + k * width, cells), ...);
  }
  template <std::size_t... i>
  HWY_INLINE void step(const float* x, const float* w, std::index_sequence<i...>) {
    ((sum_[i] += x[i / columns * row_step] * w[i % columns]), ...);
  }
  template <std::size_t... i>
  HWY_INLINE void store(float* to, std::index_sequence<i...>) const {
    ((to[i] = sum_[i]), ...);
  }

  float sum_[rows * columns] = {};
};

// Others are served by their general kernels: with Helium, a tile's products are few instructions
// more than its constants would save.
constexpr bool is_unrolled(const ConvGeometry& g) {
  return overlaps && g.groups == 1 && !is_matrix(g);
}

template <ConvGeometry g>
class Unrolled {
  static constexpr Window w = g.window;
  static constexpr std::size_t channels = g.input.channels, outputs = g.output.channels;
  static constexpr std::size_t kernel = w.kernel_size.width, row_step = w.stride.width * channels;
  static constexpr std::size_t rows = std::min<std::size_t>(4, g.output.width);
  // Taps that lie side by side are one sum.
  static constexpr std::size_t taps = w.dilation.width == 1 ? kernel : 1;
  // Columns of x that a tile sees.
  static constexpr std::size_t seen = (rows - 1) * w.stride.width + reach(kernel, w.dilation.width);

 public:
  // A tile at the edge sees a copy of its part of x, between zeros.
  static constexpr bool copies = w.padded(g.input).width > g.input.width;
  static constexpr std::size_t bytes =
      copies ? w.kernel_size.height * seen * channels * sizeof(float) : 0;

  static void forward(const ConvForward& c) {
    const Destination y{c.y, outputs, c.epilogue};
    for (std::size_t l = 0; l < c.batch * g.output.height; ++l) {
      const std::size_t n = l / g.output.height, r = l % g.output.height;
      const Offset row = signed_of(r * w.stride.height) - signed_of(w.padding.height);
      const TapRange u(row, row, w.kernel_size.height, w.dilation.height, g.input.height);
      const float* line =
          c.x + (signed_of(n * g.input.height) + row) * signed_of(g.input.width * channels);
      for (std::size_t p = 0; p < g.output.width; p += rows) {
        const std::size_t first = std::min(p, g.output.width - rows);
        const View x = view(line, first, u, reinterpret_cast<float*>(c.scratch));
        panels(
            {x.at, x.line, c.weight + u.begin * kernel * channels * panel_width(0), u, p - first},
            moved(y, (l * g.output.width + first) * outputs, 0),
            std::make_index_sequence<(outputs + panel - 1) / panel>());
      }
    }
  }

 private:
  static constexpr std::size_t panel_width(std::size_t o) { return std::min(panel, outputs - o); }

  // What the first row of a tile sees at the first of taps u: lines are `line` floats apart.
  struct View {
    const float* at;
    std::size_t line;
  };
  static View view(const float* line, std::size_t first, const TapRange& u, float* copy) {
    constexpr std::size_t length = g.input.width * channels * w.dilation.height;
    const Offset column = signed_of(first * w.stride.width) - signed_of(w.padding.width);
    line += signed_of(u.begin * length);
    const bool inside = column >= 0 && column + signed_of(seen) <= signed_of(g.input.width);
    if (!copies || inside) return {line + column * signed_of(channels), length};
    const Offset left = std::clamp(-column, Offset{0}, signed_of(seen));
    const Offset right = std::clamp(signed_of(g.input.width) - column, left, signed_of(seen));
    float* to = copy;
    for (std::size_t i = u.begin; i < u.end; ++i, line += length) {
      to = std::fill_n(to, left * signed_of(channels), 0.0f);
      to = std::copy(line + (column + left) * signed_of(channels),
                     line + (column + right) * signed_of(channels), to);
      to = std::fill_n(to, (signed_of(seen) - right) * signed_of(channels), 0.0f);
    }
    return {copy, seen * channels};
  }

  struct TileOf {
    const float* x;
    std::size_t line;
    const float* weight;
    TapRange u;
    std::size_t skip;  // rows that another tile has stored
  };

  template <std::size_t... o>
  static void panels(const TileOf& t, const Destination& to, std::index_sequence<o...>) {
    (columns_of<panel_width(o * panel)>(t, o * panel, o > 0 ? moved(to, 0, o * panel) : to), ...);
  }

  // Up to six columns are one tile, whose sums fill 24 registers.
  template <std::size_t width>
  static void columns_of(TileOf t, std::size_t o, const Destination& to) {
    constexpr std::size_t columns = width <= 6 ? width : 4;
    t.weight += o * kernel * w.kernel_size.height * channels -
                t.u.begin * kernel * channels * (panel_width(0) - width);
    for (std::size_t c = 0; c < width; c += columns) {
      const std::size_t first = std::min(c, width - columns);
      tile<width, columns>(t, first, c - first, to);
    }
  }

  template <std::size_t width, std::size_t columns>
  static HWY_NOINLINE void tile(const TileOf& t, std::size_t first, std::size_t skip,
                                const Destination& to) {
    ConstantSums<rows, columns, row_step, width> sums;
    const float* x = t.x;
    const float* weight = t.weight + first;
    for (std::size_t u = t.u.begin; u < t.u.end; ++u, x += t.line) {
      for (std::size_t v = 0; v < kernel; v += taps, weight += taps * channels * width) {
        sums.template add<taps * channels>(x + v * w.dilation.width * channels, weight);
      }
    }
    float values[rows * columns];
    sums.store(values);
    store_sums(t.skip > 0 ? moved(to, t.skip * outputs, 0) : to, values + t.skip * columns,
               rows - t.skip, {first, columns, skip, columns});
  }
};

}  // namespace etch::kernels::micro
