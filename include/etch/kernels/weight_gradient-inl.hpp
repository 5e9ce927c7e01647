// The weight gradient by implicit GEMM for one SIMD target. See conv2d.hpp.
//
// Output gradients of a chunk of pixels are packed together once and serve every tap and input
// channel; so are some input channels of x at a time, which serve every tap and output channel.
// The sums are those of gradient_tile-inl.hpp.
#if defined(ETCH_WEIGHT_GRADIENT_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ETCH_WEIGHT_GRADIENT_INL_HPP
#undef ETCH_WEIGHT_GRADIENT_INL_HPP
#else
#define ETCH_WEIGHT_GRADIENT_INL_HPP
#endif

#include <etch/kernels/conv2d.hpp>
#include <etch/kernels/conv2d_scratch.hpp>
#include <etch/kernels/parallel.hpp>
#include <etch/kernels/typed.hpp>

#include <algorithm>
#include <cstring>
#include <utility>

#include <etch/kernels/gradient_tile-inl.hpp>
#include <etch/kernels/lanes-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace etch::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// How the gradient is cut: columns of some ranges, and pieces of units of rows. A unit is a tile's
// rows at all taps, or at one kernel row where its taps are merged.
struct GradientSplit {
  std::size_t columns, units, pieces, items;

  GradientSplit(const ConvGeometry& g, std::size_t threads) {
    const std::size_t panels = (gradient_rows(g) + max_rows - 1) / max_rows;
    units = merges_gradient_taps(g) ? panels * g.window.kernel_size.height : panels;
    // Every item packs both its tensors again: as few as give all threads the same.
    cut(g.outputs(), threads);
    if (items % threads != 0) cut(g.outputs(), 4 * threads);
  }

 private:
  // Into about so many items.
  void cut(std::size_t outputs, std::size_t wanted) {
    const std::size_t ranges = (outputs + tile_columns - 1) / tile_columns;
    std::size_t together = std::min(ranges, gradient_columns / tile_columns);
    for (;; together = (together + 1) / 2) {
      const std::size_t blocks = (ranges + together - 1) / together;
      pieces = std::min(units, (wanted + blocks - 1) / blocks);
      items = blocks * pieces;
      columns = together * tile_columns;
      // They should be about square.
      if (together == 1 || pieces == 1 || 2 * units / pieces * max_rows >= columns) break;
    }
  }
};

// The gradient of some output channels of one group, over all taps and some input channels.
class GradientBlock {
 public:
  GradientBlock(const ConvWeightGradient& c, std::size_t group, const GradientSplit& split,
                std::size_t item, std::byte* scratch)
      : c_(c),
        g_(c.geometry),
        group_(group),
        first_(item / split.pieces * split.columns),
        columns_(std::min(split.columns, c.geometry.outputs() - first_)),
        units_{split.units * (item % split.pieces) / split.pieces,
               split.units * (item % split.pieces + 1) / split.pieces},
        merged_(merges_gradient_taps(g_)),
        padded_(merged_ && has_padding(g_)),
        sampled_(!merged_ && g_.taps() == 1),
        as_it_is_(is_packed(g_, c.batch)),
        batch_inner_(is_batch_inner(g_, c.batch)),
        packed_(typed<float>(scratch)),
        packed_x_(packed_ + packed_bytes(g_, c.batch) / sizeof(float)),
        line_(batch_inner_       ? image()
              : is_pointwise(g_) ? 1
                                 : g_.output.width) {
    if (sampled_) grid_ = {g_.output, g_.window.stride, g_.window.padding};
  }

  void run() {
    const std::size_t lines = c_.batch * image() / line_;
    const std::size_t step = std::max(chunk_pixels / line_, std::size_t{1});
    for (begin_ = 0; begin_ < lines; begin_ = end_) {
      end_ = std::min(lines, begin_ + step);
      first_line_ = batch_inner_ || is_pointwise(g_) ? 0 : lines_needed(begin_).first;
      as_it_is_ ? take() : pack_all();
      merged_ ? merged_tiles() : channel_tiles();
    }
    if (c_.dbias != nullptr && units_.first == 0) {
      float* dbias = c_.dbias + group_ * g_.outputs() + first_;
      for (std::size_t o = 0; o < columns_; ++o) {
        dbias[o] = (c_.accumulate ? dbias[o] : 0.0f) + bias_[o];
      }
    }
  }

 private:
  // The pixels of x that are packed: all of an image's, or as the only tap meets them.
  struct Grid {
    Shape shape;
    Pair stride = 1, padding = 0;  // of its pixels, in x
  };

  std::size_t image() const { return g_.output.height * g_.output.width; }
  std::size_t pixels() const { return (end_ - begin_) * line_; }

  // The chunk's output gradients, tile_columns together.
  void pack_all() {
    for (std::size_t o = 0; o < columns_; o += tile_columns) {
      pack(o, std::min(tile_columns, columns_ - o), packed_ + o * pixels());
    }
  }
  void pack(std::size_t first, std::size_t columns, float* packed) {
    // Position by position, all images of one together, or as they lie.
    const std::size_t positions = batch_inner_ ? line_ : 1, images = pixels() / positions;
    const std::size_t channels = g_.output.channels, step = positions * channels;
    const float* from = c_.dy + begin_ * line_ * channels + group_ * g_.outputs() + first_ + first;
    for_lanes(0, columns, [&](auto d, std::size_t o) HWY_ATTR {
      auto sum = hn::LoadU(d, bias_ + first + o);
      float* to = packed + o;
      for (std::size_t position = 0; position < positions; ++position) {
        const float* at = from + position * channels + o;
        for (std::size_t k = 0; k < images; ++k, at += step, to += columns) {
          const auto dy = hn::LoadU(d, at);
          hn::StoreU(dy, d, to);
          sum = hn::Add(sum, dy);
        }
      }
      hn::StoreU(sum, d, bias_ + first + o);
    });
  }

  // As it is: see is_packed.
  void take() {
    dy_ = c_.dy + begin_ * line_ * columns_;
    if (c_.dbias == nullptr || units_.first != 0) return;
    for_lanes(0, columns_, [&](auto d, std::size_t o) HWY_ATTR {
      const float* dy = dy_ + o;
      // Four sums, which don't wait for each other.
      auto a = hn::LoadU(d, bias_ + o), b = hn::Zero(d), e = b, f = b;
      std::size_t k = 0;
      for (; k + 4 <= pixels(); k += 4, dy += 4 * columns_) {
        a = hn::Add(a, hn::LoadU(d, dy));
        b = hn::Add(b, hn::LoadU(d, dy + columns_));
        e = hn::Add(e, hn::LoadU(d, dy + 2 * columns_));
        f = hn::Add(f, hn::LoadU(d, dy + 3 * columns_));
      }
      for (; k < pixels(); ++k, dy += columns_) a = hn::Add(a, hn::LoadU(d, dy));
      hn::StoreU(hn::Add(hn::Add(a, b), hn::Add(e, f)), d, bias_ + o);
    });
  }

  // Calls body(line, slot) for the lines of the grid that the chunk looks at, over all images; the
  // first is in slot 0.
  template <class Body>
  void for_lines_needed(const Body& body) const {
    std::size_t next = first_line_;
    for (std::size_t q = begin_; q < end_; ++q) {
      const auto [first, last] = lines_needed(q);
      for (next = std::max(next, first); next < last; ++next) body(next, next - first_line_);
    }
  }
  // Of output line q: over all images, as a half-open range.
  std::pair<std::size_t, std::size_t> lines_needed(std::size_t q) const {
    if (sampled_) return {q, q + 1};
    const Window& w = g_.window;
    const std::size_t image = q / g_.output.height * g_.input.height;
    const std::size_t top = q % g_.output.height * w.stride.height, padding = w.padding.height;
    const std::size_t bottom = top + (w.kernel_size.height - 1) * w.dilation.height + 1;
    const auto inside = [&](std::size_t at) {
      return std::min(at > padding ? at - padding : 0, g_.input.height);
    };
    return {image + inside(top), image + inside(bottom)};
  }

  // Where input channels are few and lie side by side in x, the rows of the gradient at one kernel
  // row are those of all its taps. Lines of x are put between zeros: no tap is outside.
  void merged_tiles() {
    if (padded_) for_lines_needed([&](std::size_t line, std::size_t slot) { pad(line, slot); });
    const Window& w = g_.window;
    const std::size_t rows = gradient_rows(g_), panels = (rows + max_rows - 1) / max_rows;
    for (std::size_t u = 0; u < w.kernel_size.height; ++u) {
      const auto panel_of = [&](std::size_t unit) {
        return std::clamp(unit, u * panels, (u + 1) * panels) - u * panels;
      };
      const std::size_t begin = panel_of(units_.first), end = panel_of(units_.second);
      if (begin == end) continue;
      Runs runs;
      runs.x_stride = w.stride.width * g_.input.channels;
      // Of a pointwise layer begin_ counts pixels, which all lie evenly.
      const std::size_t lines = is_pointwise(g_) ? 0 : end_ - begin_;
      if (lines == 0) runs.run[runs.size++] = {c_.x + begin_ * g_.input.channels, 0, pixels()};
      for (std::size_t l = 0; l < lines; ++l) {
        const std::size_t line = input_line(begin_ + l, u);
        if (line == outside) continue;
        const float* x = padded_ ? packed_x_ + (line - first_line_) * gradient_line(g_)
                                 : c_.x + line * g_.input.width * g_.input.channels;
        runs.run[runs.size++] = {x, l * line_, line_};
      }
      const std::size_t first = begin * max_rows, count = std::min(rows, end * max_rows) - first;
      tiles(runs, u * rows + first, count, first, max_rows);
    }
  }
  void pad(std::size_t line, std::size_t slot) {
    const std::size_t channels = g_.input.channels, length = gradient_line(g_);
    const std::size_t left = g_.window.padding.width * channels;
    const std::size_t inside = std::min(g_.input.width * channels, length - left);
    const float* from = c_.x + line * g_.input.width * channels;
    float* to = packed_x_ + slot * length;
    std::fill_n(to, left, 0.0f);
    std::copy_n(from, inside, to + left);
    std::fill(to + left + inside, to + length, 0.0f);
  }

  // Otherwise they are input channels of one tap. Some channels of the chunk's x are packed as
  // tiles read them: pixels of x are often a page apart, and then meet in few places of a cache.
  void channel_tiles() {
    const Window& w = g_.window;
    const std::size_t inputs = g_.inputs();
    const std::size_t end = std::min(inputs, units_.second * max_rows);
    const std::size_t step = packed_channels(g_, c_.batch);
    for (std::size_t j = units_.first * max_rows; j < end; j += step) {
      const std::size_t rows = std::min(step, end - j);
      const std::size_t slots = pack_x(j, rows);
      for (std::size_t u = 0; u < w.kernel_size.height; ++u) {
        for (std::size_t v = 0; v < w.kernel_size.width; ++v) {
          Runs runs;
          add_runs(runs, u, v);
          const std::size_t tap = u * w.kernel_size.width + v;
          tiles(runs, tap * inputs + j, rows, 0, slots * max_rows);
        }
      }
    }
  }

  // Packs the channels [j, j + rows): panels of max_rows, each (slot, channel). Returns the slots.
  std::size_t pack_x(std::size_t j, std::size_t rows) {
    const std::size_t channels = g_.input.channels, images = end_ - begin_;
    const float* x = c_.x + group_ * g_.inputs() + j;
    if (is_pointwise(g_)) {
      pack_pixels(x + begin_ * channels, channels, images, rows, images, 0);
      return images;
    }
    const std::size_t low = sampled_ ? first_column(0) : 0;
    const std::size_t high = sampled_ ? last_column(0) : grid_.shape.width;
    std::size_t slots = 0;
    if (batch_inner_) {
      const std::size_t step = g_.input.elements();
      slots = images * grid_.shape.height * grid_.shape.width;
      for (std::size_t r = 0; r < grid_.shape.height; ++r) {
        for (std::size_t c = low; c < high; ++c) {
          const float* from = x_at(x, begin_, r, c);
          if (from == nullptr) continue;
          pack_pixels(from, step, images, rows, slots, (r * grid_.shape.width + c) * images);
        }
      }
      return slots;
    }
    for_lines_needed(
        [&](std::size_t, std::size_t slot) { slots = (slot + 1) * grid_.shape.width; });
    for_lines_needed([&](std::size_t line, std::size_t slot) {
      const float* from =
          x_at(x, line / grid_.shape.height, line % grid_.shape.height, std::min(low, high));
      if (from == nullptr || low >= high) return;
      pack_pixels(from, grid_.stride.width * channels, high - low, rows, slots,
                  slot * grid_.shape.width + low);
    });
    return slots;
  }
  // A pixel of the grid, whose column is inside; null where its line isn't.
  const float* x_at(const float* x, std::size_t n, std::size_t r, std::size_t c) const {
    const std::size_t line = r * grid_.stride.height - grid_.padding.height;
    const std::size_t column = c * grid_.stride.width - grid_.padding.width;
    if (line >= g_.input.height) return nullptr;
    return x + ((n * g_.input.height + line) * g_.input.width + column) * g_.input.channels;
  }
  void pack_pixels(const float* from, std::size_t step, std::size_t count, std::size_t rows,
                   std::size_t slots, std::size_t slot) {
    float* to = packed_x_ + slot * max_rows;
    for (std::size_t k = 0; k < count; ++k, from += step, to += max_rows) {
      std::size_t j = 0;
      for (; j + max_rows <= rows; j += max_rows) {
        std::memcpy(to + j * slots, from + j, max_rows * sizeof(float));
      }
      for (std::size_t i = j; i < rows; ++i) to[j * slots + i - j] = from[i];
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
  // The line of x, over all images, that kernel row u of output line q meets.
  static constexpr std::size_t outside = static_cast<std::size_t>(-1);
  std::size_t input_line(std::size_t q, std::size_t u) const {
    const Window& w = g_.window;
    const std::size_t n = q / g_.output.height, line = q % g_.output.height;
    const std::size_t r = line * w.stride.height + u * w.dilation.height - w.padding.height;
    return r < g_.input.height ? n * g_.input.height + r : outside;
  }

  // Runs of the chunk's pixels for which tap (u, v) is inside, x in its slots.
  void add_runs(Runs& runs, std::size_t u, std::size_t v) const {
    const std::size_t images = end_ - begin_;
    runs.x_stride = max_rows;
    if (is_pointwise(g_)) {
      runs.run[runs.size++] = {packed_x_, 0, images};
      return;
    }
    const Window& w = g_.window;
    const std::size_t low = first_column(v), high = last_column(v);
    if (low >= high) return;
    // Where output pixel (0, 0) has the tap in the grid, and how far the next ones are.
    const Pair next = sampled_ ? Pair(1) : w.stride;
    const std::size_t down = sampled_ ? 0 : u * w.dilation.height - w.padding.height;
    const std::size_t across = sampled_ ? 0 : v * w.dilation.width - w.padding.width;
    const std::size_t height = grid_.shape.height, width = grid_.shape.width;
    if (!batch_inner_) runs.x_stride *= next.width;
    const std::size_t lines = batch_inner_ ? g_.output.height : images;
    for (std::size_t l = 0; l < lines; ++l) {
      const std::size_t q = batch_inner_ ? l : begin_ + l;
      if (input_line(q, u) == outside) continue;
      const std::size_t n = q / g_.output.height, row = q % g_.output.height * next.height + down;
      if (!batch_inner_) {
        const std::size_t slot =
            (n * height + row - first_line_) * width + low * next.width + across;
        runs.run[runs.size++] = {packed_x_ + slot * max_rows, l * line_ + low, high - low};
        continue;
      }
      for (std::size_t c = low; c < high; ++c) {
        const std::size_t slot = row * width + c * next.width + across;
        runs.run[runs.size++] = {packed_x_ + slot * images * max_rows,
                                 (l * g_.output.width + c) * images, images};
      }
    }
  }

  // The rows [row, row + rows) of the gradient, of which x begins at x_offset; tiles are x_step
  // apart.
  void tiles(const Runs& runs, std::size_t row, std::size_t rows, std::size_t x_offset,
             std::size_t x_step) {
    const bool add = begin_ > 0 || c_.accumulate;
    if (add && runs.size == 0) return;
    const std::size_t k = g_.taps() * g_.inputs();
    float* group = c_.dweight + group_ * g_.outputs() * k;
    for (std::size_t range = 0; range < columns_; range += tile_columns) {
      const std::size_t width = std::min(tile_columns, columns_ - range);
      const float* dy = as_it_is_ ? dy_ : packed_ + range * pixels();
      for (std::size_t j = 0; j < rows; j += max_rows) {
        const std::size_t count = std::min(max_rows, rows - j);
        for_columns<tile_vectors, false>(
            group, k, g_.outputs(), first_ + range, first_ + range + width,
            [&](const Columns& columns, std::size_t vectors, bool partial) HWY_ATTR {
              GradientTile t{{},    columns.row_stride, dy + columns.first - first_ - range,
                             width, columns.count,      add};
              for (std::size_t s = 0; s < vectors; ++s) {
                const std::size_t at = static_cast<std::size_t>(columns.weight[s] - group);
                t.dweight[s] = group + at + (row + j) * columns.row_stride;
              }
              const GradientFunction f = vectors > 1 ? gradient_tile_of<tile_vectors, false>(count)
                                         : partial   ? gradient_tile_of<1, true>(count)
                                                     : gradient_tile_of<1, false>(count);
              f(runs, x_offset + j / max_rows * x_step, t);
            });
      }
    }
  }

  const ConvWeightGradient& c_;
  const ConvGeometry& g_;
  std::size_t group_, first_, columns_;
  std::pair<std::size_t, std::size_t> units_;  // of rows: see GradientSplit
  bool merged_, padded_;
  bool sampled_;               // see Grid
  bool as_it_is_;              // dy isn't packed
  bool batch_inner_;           // the pixels of a run are the same place in several images
  float* packed_;              // dy
  float* packed_x_;            // or lines of it between zeros
  std::size_t line_;           // pixels of what begin_ counts
  const float* dy_ = packed_;  // the chunk's output gradients, columns_ apart
  Grid grid_{g_.input};
  std::size_t first_line_ = 0;       // of the grid over all images, in packed_x_
  std::size_t begin_ = 0, end_ = 0;  // of the chunk: output lines, images, or pixels
  float bias_[gradient_columns] = {};
};

HWY_INLINE void weight_gradient(const ConvWeightGradient& c) {
  const ConvGeometry& g = c.geometry;
  const GradientSplit split(g, c.threads);
  const std::size_t per_thread = conv2d_weight_gradient_scratch(g, c.batch, 1);
  for (std::size_t group = 0; group < g.groups; ++group) {
    parallel(c.threads, split.items, [&](std::size_t i, std::size_t worker) HWY_ATTR {
      GradientBlock(c, group, split, i, c.scratch + worker * per_thread).run();
    });
  }
}

}  // namespace etch::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
