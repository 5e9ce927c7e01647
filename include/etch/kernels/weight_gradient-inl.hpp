// The weight gradient by implicit GEMM for one SIMD target. See conv2d.hpp.
//
// A tile of the gradient, input channels down and output channels across, stays in registers
// while pixels stream through it: each adds x[i] * dy[o]. Output gradients of a chunk of pixels
// are packed together once and serve every tap and input channel; x is read where it lies.
#if defined(ETCH_WEIGHT_GRADIENT_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ETCH_WEIGHT_GRADIENT_INL_HPP
#undef ETCH_WEIGHT_GRADIENT_INL_HPP
#else
#define ETCH_WEIGHT_GRADIENT_INL_HPP
#endif

#include <etch/kernels/conv2d.hpp>
#include <etch/kernels/conv2d_scratch.hpp>
#include <etch/kernels/parallel.hpp>

#include <algorithm>

#include <etch/kernels/gemm_tile-inl.hpp>
#include <etch/kernels/lanes-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace etch::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Pixels that lie evenly in both tensors.
struct Run {
  const float* x;
  const float* dy;  // packed: the next pixel is dy_stride further
  std::size_t count;
};

struct Runs {
  Run run[chunk_pixels];
  std::size_t size = 0;
  std::size_t x_stride = 0, dy_stride = 0;  // floats between the pixels of a run
};

// Where a tile of the gradient is: columns in `vectors` vectors, rows row_stride apart.
struct GradientTile {
  float* dweight[tile_vectors];
  std::size_t row_stride;
  std::size_t dy_offset;  // of the first column in the packed output gradients
  std::size_t count;      // lanes of the last vector that exist
  bool add;               // to what is there
};

// As gemm_tile-inl.hpp's chain: here values don't shrink with the length of the sum, as weights
// do in forward, so the chains are shorter. 64 cost 3 % of the speed.
inline constexpr std::size_t pixel_chain = 64;

// Adds the products of one pixel to a tile's sums.
template <std::size_t vectors, bool partial, std::size_t... i>
HWY_INLINE void add_pixel(const float* x, const float* dy, std::size_t count,
                          Vector<partial>* HWY_RESTRICT sum, std::index_sequence<i...>) {
  const Tag<partial> d;
  Vector<partial> b[vectors];
  HWY_UNROLL(4)
  for (std::size_t v = 0; v < vectors; ++v) b[v] = load<partial>(dy + v * vector_lanes, count);
  ((sum[i] = hn::MulAdd(hn::Set(d, x[i / vectors]), b[i % vectors], sum[i])), ...);
}

template <std::size_t rows, std::size_t vectors, bool partial, std::size_t... i>
HWY_INLINE void gradient_tile_body(const Runs& runs, std::size_t x_offset, const GradientTile& t,
                                   std::index_sequence<i...> sums) {
  const Tag<partial> d;
  Vector<partial> sum[] = {(static_cast<void>(i), hn::Zero(d))...};
  // Few sums would wait for each other: every second pixel has sums of its own.
  constexpr bool two = sizeof...(i) <= 6;
  Vector<partial> second[] = {(static_cast<void>(i), hn::Zero(d))...};
  HWY_ALIGN float total[rows * vectors * vector_lanes];
  // Read only where `any` says so, which g++ does not always see.
  if constexpr (HWY_ARCH_ARM || rows * vectors * vector_lanes <= 16)
    std::fill_n(total, rows * vectors * vector_lanes, 0.0f);
  Chains<partial> chains{total, false};
  std::size_t pixels = 0;
  for (std::size_t s = 0; s < runs.size; ++s) {
    const Run& run = runs.run[s];
    const float* x = run.x + x_offset;
    const float* dy = run.dy + t.dy_offset;
    for (std::size_t begin = 0; begin < run.count; begin += pixel_chain) {
      const std::size_t count = HWY_MIN(pixel_chain, run.count - begin);
      if (pixels + count > pixel_chain) {
        if constexpr (two) ((sum[i] = hn::Add(sum[i], second[i]), second[i] = hn::Zero(d)), ...);
        ((chains.add(i, sum[i]), sum[i] = hn::Zero(d)), ...);
        chains.any = true;
        pixels = 0;
      }
      pixels += count;
      std::size_t p = 0;
      for (; two && p + 2 <= count; p += 2) {
        add_pixel<vectors, partial>(x, dy, t.count, sum, sums);
        add_pixel<vectors, partial>(x + runs.x_stride, dy + runs.dy_stride, t.count, second, sums);
        x += 2 * runs.x_stride;
        dy += 2 * runs.dy_stride;
      }
      for (; p < count; ++p) {
        add_pixel<vectors, partial>(x, dy, t.count, sum, sums);
        x += runs.x_stride;
        dy += runs.dy_stride;
      }
    }
  }
  if constexpr (two) ((sum[i] = hn::Add(sum[i], second[i])), ...);
  const auto put = [&](std::size_t r, std::size_t v, Vector<partial> g) HWY_ATTR {
    float* to = t.dweight[v] + r * t.row_stride;
    if (t.add) g = hn::Add(g, load<partial>(to, t.count));
    store<partial>(g, to, t.count);
  };
  (put(i / vectors, i % vectors, chains.with(i, sum[i])), ...);
}

using GradientFunction = void (*)(const Runs&, std::size_t, const GradientTile&);

template <std::size_t rows, std::size_t vectors, bool partial>
HWY_NOINLINE void gradient_tile(const Runs& runs, std::size_t x_offset, const GradientTile& t) {
  gradient_tile_body<rows, vectors, partial>(runs, x_offset, t,
                                             std::make_index_sequence<rows * vectors>());
}
template <std::size_t vectors, bool partial, std::size_t... r>
HWY_INLINE GradientFunction gradient_tile_of(std::size_t rows, std::index_sequence<r...>) {
  static constexpr GradientFunction functions[] = {gradient_tile<r + 1, vectors, partial>...};
  return functions[rows - 1];
}
template <std::size_t vectors, bool partial>
HWY_INLINE GradientFunction gradient_tile_of(std::size_t rows) {
  return gradient_tile_of<vectors, partial>(rows, std::make_index_sequence<max_rows>());
}

// The gradient of tile_columns output channels of one group, all taps and input channels, by one
// of several pieces that share its tiles.
class GradientColumns {
 public:
  GradientColumns(const ConvWeightGradient& c, std::size_t group, std::size_t first,
                  std::size_t piece, std::size_t pieces, std::byte* scratch)
      : c_(c),
        g_(c.geometry),
        group_(group),
        first_(first),
        columns_(std::min(tile_columns, c.geometry.outputs() - first)),
        piece_(piece),
        pieces_(pieces),
        merged_(merges_gradient_taps(g_)),
        padded_(merged_ && has_padding(g_)),
        as_it_is_(is_packed(g_, c.batch)),
        packed_(reinterpret_cast<float*>(scratch)),
        lines_(packed_ + packed_bytes(g_, c.batch) / sizeof(float)),
        batch_inner_(is_batch_inner(g_, c.batch)),
        line_(batch_inner_       ? image()
              : is_pointwise(g_) ? 1
                                 : g_.output.width) {}

  void run() {
    const std::size_t lines = c_.batch * image() / line_;
    const std::size_t step = std::max(chunk_pixels / line_, std::size_t{1});
    for (begin_ = 0; begin_ < lines; begin_ = end_) {
      end_ = std::min(lines, begin_ + step);
      as_it_is_ ? take((end_ - begin_) * line_) : pack((end_ - begin_) * line_);
      if (padded_) pad();
      all_tiles();
    }
    if (c_.dbias != nullptr && piece_ == 0) {
      float* dbias = c_.dbias + group_ * g_.outputs() + first_;
      for (std::size_t o = 0; o < columns_; ++o) {
        dbias[o] = (c_.accumulate ? dbias[o] : 0.0f) + bias_[o];
      }
    }
  }

 private:
  std::size_t image() const { return g_.output.height * g_.output.width; }

  void pack(std::size_t pixels) {
    // Position by position, all images of one together, or as they lie.
    const std::size_t positions = batch_inner_ ? line_ : 1, images = pixels / positions;
    const std::size_t channels = g_.output.channels, step = positions * channels;
    const float* from = c_.dy + begin_ * line_ * channels + group_ * g_.outputs() + first_;
    for_lanes(0, columns_, [&](auto d, std::size_t o) HWY_ATTR {
      auto sum = hn::LoadU(d, bias_ + o);
      float* to = packed_ + o;
      for (std::size_t position = 0; position < positions; ++position) {
        const float* at = from + position * channels + o;
        for (std::size_t k = 0; k < images; ++k, at += step, to += columns_) {
          const auto dy = hn::LoadU(d, at);
          hn::StoreU(dy, d, to);
          sum = hn::Add(sum, dy);
        }
      }
      hn::StoreU(sum, d, bias_ + o);
    });
  }

  // As it is: see is_packed.
  void take(std::size_t pixels) {
    dy_ = c_.dy + begin_ * line_ * columns_;
    if (c_.dbias == nullptr || piece_ != 0) return;
    for_lanes(0, columns_, [&](auto d, std::size_t o) HWY_ATTR {
      const float* dy = dy_ + o;
      // Four sums, which don't wait for each other.
      auto a = hn::LoadU(d, bias_ + o), b = hn::Zero(d), e = b, f = b;
      std::size_t k = 0;
      for (; k + 4 <= pixels; k += 4, dy += 4 * columns_) {
        a = hn::Add(a, hn::LoadU(d, dy));
        b = hn::Add(b, hn::LoadU(d, dy + columns_));
        e = hn::Add(e, hn::LoadU(d, dy + 2 * columns_));
        f = hn::Add(f, hn::LoadU(d, dy + 3 * columns_));
      }
      for (; k < pixels; ++k, dy += columns_) a = hn::Add(a, hn::LoadU(d, dy));
      hn::StoreU(hn::Add(hn::Add(a, b), hn::Add(e, f)), d, bias_ + o);
    });
  }

  // Lines of x that the chunk looks at, between zeros: no tap of a kernel row is outside.
  void pad() {
    const Window& w = g_.window;
    first_line_ = lines_needed(begin_).first;
    std::size_t next = first_line_;
    for (std::size_t q = begin_; q < end_; ++q) {
      const auto [first, last] = lines_needed(q);
      for (next = std::max(next, first); next < last; ++next) {
        const std::size_t channels = g_.input.channels, length = gradient_line(g_);
        const std::size_t left = w.padding.width * channels;
        const std::size_t inside = std::min(g_.input.width * channels, length - left);
        const float* from = c_.x + next * g_.input.width * channels;
        float* to = lines_ + (next - first_line_) * length;
        std::fill_n(to, left, 0.0f);
        std::copy_n(from, inside, to + left);
        std::fill(to + left + inside, to + length, 0.0f);
      }
    }
  }
  // Of output line q: over all images, as a half-open range.
  std::pair<std::size_t, std::size_t> lines_needed(std::size_t q) const {
    const Window& w = g_.window;
    const std::size_t image = q / g_.output.height * g_.input.height;
    const std::size_t top = q % g_.output.height * w.stride.height, padding = w.padding.height;
    const std::size_t bottom = top + (w.kernel_size.height - 1) * w.dilation.height + 1;
    const auto inside = [&](std::size_t at) {
      return std::min(at > padding ? at - padding : 0, g_.input.height);
    };
    return {image + inside(top), image + inside(bottom)};
  }

  // Rows of the gradient at one kernel row: input channels of one tap; or, where these are few
  // and lie side by side in x, of all taps of the kernel row.
  void all_tiles() {
    const Window& w = g_.window;
    const std::size_t inputs = g_.inputs(), width = w.kernel_size.width;
    const std::size_t taps = merged_ ? width : 1, rows = taps * inputs;
    std::size_t tile = 0;
    for (std::size_t u = 0; u < w.kernel_size.height; ++u) {
      for (std::size_t v = 0; v < width; v += taps) {
        for (std::size_t j = 0; j < rows; j += max_rows, ++tile) {
          if (tile % pieces_ == piece_) tiles_of(u, v, j, std::min(max_rows, rows - j));
        }
      }
    }
  }

  // The rows [j, j + count) of taps (u, v), (u, v + 1)...: first the pixels for which all of
  // these taps are inside, then for each tap those that only it has.
  void tiles_of(std::size_t u, std::size_t v, std::size_t j, std::size_t count) {
    if (padded_) {
      Runs runs;
      add_runs(runs, u, v, 0, g_.output.width);
      return tile(runs, u, v, j, count, begin_ > 0 || c_.accumulate);
    }
    const std::size_t inputs = g_.inputs();
    const std::size_t v0 = v + j / inputs, v1 = v + (j + count - 1) / inputs;
    const std::size_t low = first_column(v0), high = std::max(low, last_column(v1));
    Runs runs;
    add_runs(runs, u, v, low, high);
    tile(runs, u, v, j, count, begin_ > 0 || c_.accumulate);
    for (std::size_t t = v0; v0 != v1 && t <= v1; ++t) {
      const std::size_t from = std::max(j, (t - v) * inputs);
      const std::size_t to = std::min(j + count, (t - v + 1) * inputs);
      for (const auto& [a, b] : {std::pair(first_column(t), std::min(low, last_column(t))),
                                 std::pair(std::max(high, first_column(t)), last_column(t))}) {
        if (a >= b) continue;
        Runs edge;
        add_runs(edge, u, v, a, b);
        if (edge.size > 0) tile(edge, u, v, from, to - from, true);
      }
    }
  }

  // Output columns [first, last) for which tap column v is inside the input.
  std::size_t first_column(std::size_t v) const {
    const std::size_t at = v * g_.window.dilation.width, padding = g_.window.padding.width;
    const std::size_t stride = g_.window.stride.width;
    return at >= padding ? 0 : std::min(g_.output.width, (padding - at + stride - 1) / stride);
  }
  std::size_t last_column(std::size_t v) const {
    const std::size_t at = v * g_.window.dilation.width, padding = g_.window.padding.width;
    if (at >= g_.input.width + padding) return 0;
    return std::min(g_.output.width,
                    (g_.input.width + padding - at - 1) / g_.window.stride.width + 1);
  }

  // Runs of the chunk's pixels in output columns [low, high), x at tap (u, v). The tap itself may
  // be left of the image where only later rows of a merged tile are read.
  void add_runs(Runs& runs, std::size_t u, std::size_t v, std::size_t low, std::size_t high) const {
    const Window& w = g_.window;
    const std::ptrdiff_t channels = static_cast<std::ptrdiff_t>(g_.input.channels);
    const auto x_at = [&](std::size_t n, std::size_t r, std::size_t c) -> const float* {
      if (padded_) {
        const std::size_t line = n * g_.input.height + r - first_line_;
        return lines_ + line * gradient_line(g_) + (c * w.stride.width + v) * g_.input.channels;
      }
      const std::size_t row = (n * g_.input.height + r) * g_.input.width;
      const std::ptrdiff_t column =
          static_cast<std::ptrdiff_t>(c * w.stride.width + v * w.dilation.width) -
          static_cast<std::ptrdiff_t>(w.padding.width);
      return c_.x + (static_cast<std::ptrdiff_t>(row) + column) * channels +
             static_cast<std::ptrdiff_t>(group_ * g_.inputs());
    };
    const std::size_t images = end_ - begin_;
    runs.dy_stride = columns_;
    if (is_pointwise(g_)) {  // the pixels are those of x, one after the other
      runs.x_stride = g_.input.channels;
      runs.run[runs.size++] = {c_.x + begin_ * g_.input.channels + group_ * g_.inputs(), dy_,
                               images};
      return;
    }
    runs.x_stride = batch_inner_ ? g_.input.elements() : w.stride.width * g_.input.channels;
    if (low >= high) return;
    const std::size_t lines = batch_inner_ ? g_.output.height : images;
    for (std::size_t l = 0; l < lines; ++l) {
      const std::size_t q = begin_ + l;  // output row, over all images
      const std::size_t n = batch_inner_ ? begin_ : q / g_.output.height;
      const std::size_t line = batch_inner_ ? l : q % g_.output.height;
      const std::size_t r = line * w.stride.height + u * w.dilation.height - w.padding.height;
      if (r >= g_.input.height) continue;
      if (!batch_inner_) {
        runs.run[runs.size++] = {x_at(n, r, low), dy_ + (l * g_.output.width + low) * columns_,
                                 high - low};
        continue;
      }
      for (std::size_t c = low; c < high; ++c) {
        runs.run[runs.size++] = {x_at(n, r, c), dy_ + (l * g_.output.width + c) * images * columns_,
                                 images};
      }
    }
  }

  void tile(const Runs& runs, std::size_t u, std::size_t v, std::size_t j, std::size_t rows,
            bool add) {
    const std::size_t inputs = g_.inputs(), k = g_.taps() * inputs;
    const std::size_t row = (u * g_.window.kernel_size.width + v) * inputs + j;
    float* group = c_.dweight + group_ * g_.outputs() * k;
    for_columns<tile_vectors, false>(
        group, k, g_.outputs(), first_, first_ + columns_,
        [&](const Columns& columns, std::size_t vectors, bool partial) HWY_ATTR {
          GradientTile t{{}, columns.row_stride, columns.first - first_, columns.count, add};
          for (std::size_t s = 0; s < vectors; ++s) {
            const std::size_t at = static_cast<std::size_t>(columns.weight[s] - group);
            t.dweight[s] = group + at + row * columns.row_stride;
          }
          const GradientFunction f = vectors > 1 ? gradient_tile_of<tile_vectors, false>(rows)
                                     : partial   ? gradient_tile_of<1, true>(rows)
                                                 : gradient_tile_of<1, false>(rows);
          f(runs, j, t);
        });
  }

  const ConvWeightGradient& c_;
  const ConvGeometry& g_;
  std::size_t group_, first_, columns_, piece_, pieces_;
  bool merged_, padded_, as_it_is_;
  float* packed_;
  float* lines_;                     // of x, padded
  bool batch_inner_;                 // the pixels of a run are the same place in several images
  std::size_t line_;                 // pixels of what begin_ counts
  const float* dy_ = packed_;        // the chunk's output gradients, columns_ apart
  std::size_t first_line_ = 0;       // over all images, of lines_
  std::size_t begin_ = 0, end_ = 0;  // of the chunk: output lines, images, or pixels
  float bias_[tile_columns] = {};
};

HWY_INLINE void weight_gradient(const ConvWeightGradient& c) {
  const ConvGeometry& g = c.geometry;
  const std::size_t ranges = (g.outputs() + tile_columns - 1) / tile_columns;
  const std::size_t wanted = c.threads > 1 ? 4 * c.threads : 1;
  const std::size_t pieces = (wanted + ranges - 1) / ranges;
  const std::size_t per_thread = conv2d_weight_gradient_scratch(g, c.batch, 1);
  for (std::size_t group = 0; group < g.groups; ++group) {
    parallel(c.threads, ranges * pieces, [&](std::size_t i, std::size_t worker) HWY_ATTR {
      GradientColumns(c, group, i / pieces * tile_columns, i % pieces, pieces,
                      c.scratch + worker * per_thread)
          .run();
    });
  }
}

}  // namespace etch::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
