// Convolution by implicit GEMM for one SIMD target: forward and input gradient. See conv2d.hpp.
//
// Rows of the left operand are pointers into the tensor, one a tap and pixel; the right operand
// is panels of weights. A tile takes the union of the taps that its pixels really have: taps that
// meet only padding are neither computed nor their weights read. Pixels are taken in an order that
// puts those with equal taps together.
#if defined(ETCH_CONV2D_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ETCH_CONV2D_INL_HPP
#undef ETCH_CONV2D_INL_HPP
#else
#define ETCH_CONV2D_INL_HPP
#endif

#include <etch/kernels/conv2d.hpp>
#include <etch/kernels/conv2d_scratch.hpp>
#include <etch/kernels/parallel.hpp>
#include <etch/kernels/typed.hpp>

#include <algorithm>
#include <cstring>

#include <etch/kernels/conv2d_gray-inl.hpp>
#include <etch/kernels/conv2d_gray_gradient-inl.hpp>
#include <etch/kernels/conv2d_narrow-inl.hpp>
#include <etch/kernels/conv2d_rows-inl.hpp>
#include <etch/kernels/conv2d_strip-inl.hpp>
#include <etch/kernels/depthwise-inl.hpp>
#include <etch/kernels/tile_tables-inl.hpp>
#include <etch/kernels/transpose-inl.hpp>
#include <etch/kernels/weight_gradient-inl.hpp>
#include <etch/kernels/winograd-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace etch::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Positions of an axis whose taps are all in a grid of this length.
HWY_INLINE Inner inner(const AxisTaps& taps, std::size_t length, std::size_t positions) {
  const std::ptrdiff_t to_last = static_cast<std::ptrdiff_t>(taps.count - 1) * taps.move;
  const std::ptrdiff_t low = taps.begin + std::min(to_last, std::ptrdiff_t{0});
  const std::ptrdiff_t room =
      static_cast<std::ptrdiff_t>(length) - taps.begin - std::max(to_last, std::ptrdiff_t{0});
  const auto steps = [&](std::ptrdiff_t far) {  // that cover so much
    return far <= 0 ? 0 : static_cast<std::size_t>((far + taps.stride - 1) / taps.stride);
  };
  const std::size_t begin = std::min(steps(-low), positions);
  return {begin, std::clamp(steps(room), begin, positions)};
}

// Where not all taps are inside, pixels that have the same should share a tile. Few pixels are
// taken position by position, the batch inside; many with the edges of an image apart.
HWY_INLINE void sort_by_taps(PixelOrder& order, const Taps& taps, const Shape& grid) {
  const Inner rows = inner(taps.down, grid.height, order.height);
  const Inner columns = inner(taps.across, grid.width, order.width);
  if (rows.size() == order.height && columns.size() == order.width) return;
  if (order.batch >= max_rows / 2 && order.width <= 16) {
    order.batch_inner = true;
  } else if (rows.size() >= 4 && columns.size() >= 4) {
    order.rows = rows;
    order.columns = columns;
  }
}

HWY_INLINE PixelOrder forward_order(const ConvGeometry& g, std::size_t batch) {
  PixelOrder order{batch, g.output.height, g.output.width};
  sort_by_taps(order, forward_taps(g), g.input);
  return order;
}

// Pixels of x that are equal modulo the stride: the same taps see them, or none does.
struct PixelClass {
  Taps taps;
  PixelOrder pixels;

  PixelClass(const ConvGeometry& g, std::size_t batch, Pair first)
      : taps(backward_taps(g, first)),
        pixels{batch, ConvAxis::down(g).of_class(first.height),
               ConvAxis::across(g).of_class(first.width)} {
    pixels.first = first.height * g.input.width + first.width;
    pixels.to_column = g.window.stride.width;
    pixels.to_row = g.window.stride.height * g.input.width;
    pixels.to_image = g.input.height * g.input.width;
    if (taps.count() > 0) sort_by_taps(pixels, taps, g.output);
  }
};
template <class Body>
HWY_INLINE void for_each_class(const ConvGeometry& g, std::size_t batch, const Body& body) {
  for (std::size_t r = 0; r < ConvAxis::down(g).classes(); ++r) {
    for (std::size_t c = 0; c < ConvAxis::across(g).classes(); ++c) {
      body(PixelClass(g, batch, {r, c}));
    }
  }
}

// How work is cut: blocks of rows, all about as long and as many for every thread, and ranges of
// columns where there are few blocks.
struct Split {
  std::size_t rows, blocks, columns_of_range, ranges;

  Split(std::size_t tiles, std::size_t num_rows, std::size_t outputs, std::size_t threads)
      : rows(num_rows),
        blocks((num_rows + tiles * max_rows - 1) / (tiles * max_rows)),
        columns_of_range(outputs),
        ranges(1) {
    if (rows >= 4 * max_rows * threads) blocks = (blocks + threads - 1) / threads * threads;
    const std::size_t wanted = threads > 1 ? 4 * threads : 1;
    constexpr std::size_t wide = 4 * panel;
    const std::size_t panels = (outputs + wide - 1) / wide;
    if (blocks < wanted) {
      const std::size_t cut = std::min(panels, (wanted + blocks - 1) / blocks);
      columns_of_range = (panels + cut - 1) / cut * wide;
      ranges = (outputs + columns_of_range - 1) / columns_of_range;
    }
  }
  std::size_t first_row(std::size_t block) const { return rows * block / blocks; }
};

HWY_INLINE Epilogue of_group(Epilogue e, std::size_t first) {
  if (e.scale != nullptr) e.scale += first;
  if (e.shift != nullptr) e.shift += first;
  if (e.skip != nullptr) e.skip += first;
  return e;
}

HWY_INLINE void forward_group(const ConvForward& c, std::size_t group) {
  const ConvGeometry& g = c.geometry;
  const std::size_t outputs = g.outputs(), k = g.taps() * g.inputs();
  const Taps taps = forward_taps(g);
  const PixelOrder order = forward_order(g, c.batch);
  const TileTables layout = forward_tables(g, c.batch);
  const Split split(layout.tiles, order.size(), outputs, c.threads);
  const std::size_t per_thread = conv2d_forward_scratch(g, c.batch, 1);
  const TileOutput out{c.y + group * outputs, g.output.channels,
                       of_group(c.epilogue, group * outputs), false};
  parallel(c.threads, split.blocks * split.ranges, [&](std::size_t i, std::size_t worker) HWY_ATTR {
    std::byte* scratch = c.scratch + worker * per_thread;
    float* zeros = typed<float>(scratch + layout.bytes());
    std::memset(zeros, 0, forward_zeros(g));
    const Tables tables{scratch, layout.table, most_segments(g)};
    const std::size_t block = i / split.ranges;
    std::size_t row = split.first_row(block);
    const std::size_t column = i % split.ranges * split.columns_of_range;
    const ForwardRows rows(g, taps, order, c.x + group * g.inputs(), zeros);
    for (const std::size_t end = split.first_row(block + 1); row < end;) {
      const std::size_t tiles = build_tiles(rows, tables, row, end, layout.tiles);
      run_tiles(tables, tiles, c.weight + group * outputs * k, k, outputs, column,
                std::min(outputs, column + split.columns_of_range), out);
    }
  });
}

inline void conv2d_forward(const ConvForward& c) {
  switch (forward_variant(c.geometry)) {
    case ConvVariant::depthwise:
      return depthwise_forward(c);
    case ConvVariant::narrow:
      return narrow_forward(c);
    case ConvVariant::gray:
      return gray_forward(c);
    default:
      for (std::size_t group = 0; group < c.geometry.groups; ++group) forward_group(c, group);
  }
}

// Weights of these taps and the inputs [first, first + columns) of a group as forward has them:
// panels of (tap, output, column).
HWY_INLINE void transpose_weights(const ConvGeometry& g, const Taps& taps, const float* weight,
                                  std::size_t first, std::size_t columns, float* to) {
  const std::size_t outputs = g.outputs(), inputs = g.inputs(), rows = taps.count() * outputs;
  for (std::size_t k = 0; k < taps.count(); ++k) {
    const std::size_t u = taps.down.first + k / taps.across.count * taps.down.step;
    const std::size_t v = taps.across.first + k % taps.across.count * taps.across.step;
    const std::size_t tap = u * g.window.kernel_size.width + v;
    for (std::size_t o = 0; o < outputs; o += panel) {
      const std::size_t width = std::min(panel, outputs - o);
      const float* from = weight + o * g.taps() * inputs + (tap * inputs + first) * width;
      for (std::size_t line = 0; line < columns * width; line += 16)
        __builtin_prefetch(from + columns * width + line, 0, 2);
      for (std::size_t c = 0; c < columns; c += panel) {
        const std::size_t step = std::min(panel, columns - c);
        transpose(from + c * width, width, step, width, to + c * rows + (k * outputs + o) * step,
                  step);
      }
    }
  }
}

// Zeros into the pixels that no output saw, of which this is part i of so many.
HWY_INLINE void fill_unseen(const ConvInputGradient& c, std::size_t group, std::size_t i,
                            std::size_t parts) {
  const ConvGeometry& g = c.geometry;
  for_each_class(g, c.batch, [&](const PixelClass& unseen) {
    if (unseen.taps.count() > 0) return;
    const PixelOrder& pixels = unseen.pixels;
    const std::size_t end = pixels.size() * (i + 1) / parts;
    std::size_t m = pixels.size() * i / parts;
    for (Pixel p = pixels.at(m); m < end; ++m, p = pixels.after(p)) {
      float* to = c.dx + pixels.index(p) * g.input.channels + group * g.inputs();
      std::memset(to, 0, g.inputs() * sizeof(float));
    }
  });
}

HWY_INLINE void input_gradient_group(const ConvInputGradient& c, std::size_t group) {
  const ConvGeometry& g = c.geometry;
  const std::size_t inputs = g.inputs(), outputs = g.outputs();
  const TileTables layout = backward_tables(g, c.batch);
  const std::size_t rows_of_block = layout.tiles * max_rows;
  const auto blocks_of = [&](const PixelClass& seen) {
    if (seen.taps.count() == 0) return std::size_t{0};
    return (seen.pixels.size() + rows_of_block - 1) / rows_of_block;
  };
  std::size_t blocks = 0;
  for_each_class(g, c.batch, [&](const PixelClass& seen) { blocks += blocks_of(seen); });
  const std::size_t range = transposed_columns(g, c.batch), ranges = (inputs + range - 1) / range;
  // A range's weights are transposed once by every piece that works on a class of pixels.
  const std::size_t wanted = c.threads > 1 ? 4 * c.threads : 1;
  const std::size_t most = ranges >= wanted ? 1 : (wanted + ranges - 1) / ranges;
  const std::size_t pieces = std::clamp(blocks, std::size_t{1}, most);
  const std::size_t per_thread = conv2d_input_gradient_scratch(g, c.batch, 1);
  const float* weight = c.weight + group * outputs * g.taps() * inputs;
  parallel(c.threads, ranges * pieces, [&](std::size_t i, std::size_t worker) HWY_ATTR {
    std::byte* scratch = c.scratch + worker * per_thread;
    const std::size_t tables_end = layout.bytes();
    float* transposed = typed<float>(scratch + tables_end);
    float* zeros = typed<float>(scratch + tables_end + transposed_bytes(g, c.batch));
    std::memset(zeros, 0, backward_zeros(g));
    const std::size_t first = i / pieces * range, columns = std::min(range, inputs - first);
    const TileOutput out{c.dx + group * inputs + first, g.input.channels, {}, c.accumulate};
    std::size_t block = i % pieces;  // counted from the first of the class
    for_each_class(g, c.batch, [&](const PixelClass& seen) HWY_ATTR {
      const std::size_t of_class = blocks_of(seen);
      if (block < of_class) transpose_weights(g, seen.taps, weight, first, columns, transposed);
      const BackwardRows rows(g, seen.taps, seen.pixels, c.dy + group * outputs, zeros);
      const Tables tables{scratch, layout.table, seen.taps.count()};
      for (; block < of_class; block += pieces) {
        std::size_t row = block * rows_of_block;
        for (const std::size_t end = std::min(row + rows_of_block, seen.pixels.size());
             row < end;) {
          const std::size_t tiles = build_tiles(rows, tables, row, end, layout.tiles);
          run_tiles(tables, tiles, transposed, seen.taps.count() * outputs, columns, 0, columns,
                    out);
        }
      }
      block -= of_class;
    });
    if (!c.accumulate) fill_unseen(c, group, i, ranges * pieces);
  });
}

inline void conv2d_input_gradient(const ConvInputGradient& c) {
  switch (input_gradient_variant(c.geometry)) {
    case ConvVariant::depthwise:
      return depthwise_input_gradient(c);
    case ConvVariant::narrow:
      return narrow_input_gradient(c);
    case ConvVariant::strip:
      return strip_input_gradient(c);
    default:
      for (std::size_t group = 0; group < c.geometry.groups; ++group) {
        input_gradient_group(c, group);
      }
  }
}

inline void conv2d_weight_gradient(const ConvWeightGradient& c) {
  switch (weight_gradient_variant(c.geometry)) {
    case ConvVariant::depthwise:
      return depthwise_weight_gradient(c);
    case ConvVariant::narrow:
      return narrow_weight_gradient(c);
    case ConvVariant::gray:
      return gray_weight_gradient(c);
    default:
      weight_gradient(c);
  }
}

}  // namespace etch::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE && defined(ETCH_HEADER_ONLY)
namespace etch::kernels {
inline void winograd_prepare(const WinogradPrepare& c) { HWY_STATIC_DISPATCH(winograd_prepare)(c); }
inline void winograd_forward(const ConvForward& c) { HWY_STATIC_DISPATCH(winograd_forward)(c); }
inline void winograd_training_forward(const WinogradTrainingForward& c) {
  HWY_STATIC_DISPATCH(winograd_training_forward)(c);
}
inline void winograd_input_gradient(const WinogradInputGradient& c) {
  HWY_STATIC_DISPATCH(winograd_input_gradient)(c);
}
}  // namespace etch::kernels

#if defined(HWY_COMPILE_ONLY_SCALAR)
#include <etch/kernels/micro/conv2d-inl.hpp>
#include <etch/kernels/micro/unrolled-inl.hpp>
namespace etch::kernels {
inline void conv2d_forward(const ConvForward& c) { micro::forward_of<>(c.geometry)(c); }
inline void conv2d_input_gradient(const ConvInputGradient& c) {
  micro::input_gradient_of<>(c.geometry)(c);
}
inline void conv2d_weight_gradient(const ConvWeightGradient& c) {
  micro::weight_gradient_of<>(c.geometry)(c);
}
constexpr Images images_of(const ConvGeometry& g, std::size_t batch) {
  return micro::images_of(g, batch);
}
template <ConvGeometry g, Images images = Images::any, bool unrolled = false>
struct ConvKernels {
  static constexpr auto* forward = micro::forward_of<micro::forward_use(g, images)>(g);
  static constexpr auto* input_gradient =
      micro::input_gradient_of<micro::backward_use(g, images)>(g);
  static constexpr auto* weight_gradient = micro::weight_gradient_of<micro::gradient_use(g)>(g);
  static constexpr std::size_t forward_scratch(std::size_t batch, std::size_t threads) {
    return conv2d_forward_scratch(g, batch, threads);
  }
};
template <ConvGeometry g, Images images>
requires(micro::is_unrolled(g)) struct ConvKernels<g, images, true> : ConvKernels<g, images> {
  static constexpr auto* forward = micro::Unrolled<g>::forward;
  static constexpr std::size_t forward_scratch(std::size_t, std::size_t) {
    return micro::Unrolled<g>::bytes;
  }
};
}  // namespace etch::kernels
#else
namespace etch::kernels {
inline void conv2d_forward(const ConvForward& c) { HWY_STATIC_DISPATCH(conv2d_forward)(c); }
inline void conv2d_input_gradient(const ConvInputGradient& c) {
  HWY_STATIC_DISPATCH(conv2d_input_gradient)(c);
}
inline void conv2d_weight_gradient(const ConvWeightGradient& c) {
  HWY_STATIC_DISPATCH(conv2d_weight_gradient)(c);
}
}  // namespace etch::kernels
#endif
#endif
#endif
