// What Algorithm::gemm needs beside the tensors. Forward: tables of row pointers and a row of
// zeros, a few KiB a thread, whatever the image's size. Backward: some columns of weights,
// transposed; and some channels of both tensors, of a few hundred pixels. Never an im2col buffer.
#pragma once
#include <etch/kernels/conv2d_taps.hpp>
#include <etch/kernels/conv_geometry.hpp>

#include <algorithm>
#include <cstdint>

// Firmware's kernels are those of micro/.
#if defined(ETCH_HEADER_ONLY) && defined(HWY_COMPILE_ONLY_SCALAR)
#include <etch/kernels/micro/runs.hpp>
#include <etch/kernels/micro/segments.hpp>
#endif

namespace etch::kernels {

// The largest tile of sums that any target keeps in registers, in rows (pixels) and columns
// (channels), and the rows of the target that has the fewest: 12 x 32 on AVX-512 (24 of 32
// registers), 6 x 16 on AVX2, 4 x 4 without SIMD.
#if defined(HWY_COMPILE_ONLY_SCALAR)
inline constexpr std::size_t tile_rows = 4, fewest_rows = 4, tile_columns = 4, block_tiles = 1,
                             chunk_pixels = 32;
#else
inline constexpr std::size_t tile_rows = 12, fewest_rows = 6, tile_columns = 32, block_tiles = 16,
                             chunk_pixels = 256;
#endif

// One run of products of a tile: row r adds rows[r][0..length) times the weights' rows k, k+1...
struct Segment {
  const float* rows[tile_rows];
  std::uint32_t k, length;
};

// A tile's segments follow each other in the table, at most one a tap.
struct TileRows {
  std::uint32_t num_rows, num_segments;
  std::uint32_t pixel[tile_rows];  // of the output: row r is stored there
};

constexpr std::size_t cache_lines(std::size_t bytes) { return (bytes + 63) / 64 * 64; }

// Rows can meet padding, and then read zeros.
constexpr bool has_padding(const ConvGeometry& g) {
  const Window& w = g.window;
  return w.padding.height + w.extra_padding.height + w.padding.width + w.extra_padding.width > 0;
}
constexpr bool is_pointwise(const ConvGeometry& g) {
  return g.taps() == 1 && g.window.stride == Pair(1) && !has_padding(g);
}

// Forward over few channels: the taps of a kernel row lie side by side in the tensor and in the
// weights, and are one long segment; a pixel at the border has it in a padded copy, so most must
// not be there.
constexpr bool merges_taps(const ConvGeometry& g) {
  const Window& w = g.window;
  if (g.groups != 1 || g.inputs() > 16 || w.kernel_size.width == 1 || w.dilation.width != 1) {
    return false;
  }
  const std::size_t left = (w.padding.width + w.stride.width - 1) / w.stride.width;
  const std::size_t fit = g.input.width + w.padding.width;
  const std::size_t end =
      fit < w.kernel_size.width ? 0 : (fit - w.kernel_size.width) / w.stride.width + 1;
  return end > left && 4 * (end - left) >= 3 * g.output.width;
}
constexpr std::size_t segment_length(const ConvGeometry& g) {
  return merges_taps(g) ? g.window.kernel_size.width * g.inputs() : g.inputs();
}
constexpr std::size_t most_segments(const ConvGeometry& g) {
  return merges_taps(g) ? g.window.kernel_size.height : g.taps();
}
constexpr std::size_t padded_floats(const ConvGeometry& g) {  // of one tile
  return merges_taps(g) && has_padding(g) ? tile_rows * g.taps() * g.inputs() : 0;
}

// Forward over few input channels to less than a panel of outputs: conv2d_gray-inl.hpp. It pays
// where vectors of eight pixels are fuller than a panel. Its scratch is a kernel's rows of x, each
// channel between zeros and as long as whole vectors of pixels reach.
#if defined(HWY_COMPILE_ONLY_SCALAR)
inline constexpr std::size_t gray_pixels = 2;
#else
inline constexpr std::size_t gray_pixels = 32;
#endif
constexpr bool is_gray(const ConvGeometry& g) {
  const Window& w = g.window;
  const std::size_t vectors = (g.output.width + 7) / 8;
  return g.groups == 1 && g.input.channels <= 4 && g.output.channels < panel &&
         8 * vectors * g.output.channels < panel * g.output.width && w.stride == Pair(1) &&
         w.dilation == Pair(1);
}
constexpr std::size_t gray_line(const ConvGeometry& g) {
  const std::size_t pixels = (g.output.width + gray_pixels - 1) / gray_pixels * gray_pixels;
  return pixels + g.window.kernel_size.width - 1;
}
constexpr std::size_t gray_bytes(const ConvGeometry& g) {  // of one thread
  const std::size_t lines = g.window.kernel_size.height * g.input.channels;
  return cache_lines(lines * gray_line(g) * sizeof(float));
}

// Its weight gradient: conv2d_gray_gradient-inl.hpp. The scratch is a vector of sums for each
// weight and bias, and some lines of dy and x with zeros behind, of which each lane sums about 64
// pixels.
inline constexpr std::size_t gray_lanes = 8;
constexpr std::size_t gray_gradient_line(const ConvGeometry& g) {
  const std::size_t pixels = g.output.width + g.window.kernel_size.width - 1;
  return (pixels + gray_lanes - 1) / gray_lanes * gray_lanes;
}
constexpr std::size_t gray_gradient_lines(const ConvGeometry& g) {
  const std::size_t lines = 64 * gray_lanes / gray_gradient_line(g);
  return std::clamp(lines, std::size_t{1}, g.output.height);
}
constexpr std::size_t gray_totals(const ConvGeometry& g) {
  return (g.weights() + g.output.channels) * gray_lanes;
}
constexpr std::size_t gray_gradient_bytes(const ConvGeometry& g) {  // of one thread
  const std::size_t lines = gray_gradient_lines(g), kernel = g.window.kernel_size.height;
  const std::size_t all = g.output.channels * lines + g.input.channels * (lines + kernel);
  return cache_lines((gray_totals(g) + all * gray_gradient_line(g)) * sizeof(float));
}

// Few channels in narrow images: conv2d_narrow-inl.hpp. A line is a pixel of `narrow_lines`, and
// the scratch begins with that convolution's weights and what its epilogue adds.
constexpr bool is_narrow([[maybe_unused]] const ConvGeometry& g) {
#if defined(HWY_COMPILE_ONLY_SCALAR)
  return false;
#else
  const std::size_t vectors = (g.output.width * g.output.channels + panel - 1) / panel;
  return g.groups == 1 && g.window.kernel_size.width > 1 &&
         std::max(g.input.channels, g.output.channels) <= panel &&
         2 * g.input.width * vectors <= g.output.width * g.window.kernel_size.width;
#endif
}
constexpr ConvGeometry narrow_lines(const ConvGeometry& g) {
  const Window& w = g.window;
  return {.input = {g.input.channels * g.input.width, g.input.height, 1},
          .output = {g.output.channels * g.output.width, g.output.height, 1},
          .window = {.kernel_size = {w.kernel_size.height, 1},
                     .stride = {w.stride.height, 1},
                     .padding = {w.padding.height, 0},
                     .dilation = {w.dilation.height, 1},
                     .extra_padding = {w.extra_padding.height, 0}}};
}
constexpr std::size_t narrow_bytes(const ConvGeometry& g) {
  const ConvGeometry lines = narrow_lines(g);
  return cache_lines((lines.weights() + 2 * lines.output.channels) * sizeof(float));
}

// Input gradient over few channels: conv2d_strip-inl.hpp. It pays where the vectors of a kernel row
// are fewer than its taps.
#if defined(HWY_COMPILE_ONLY_SCALAR)
inline constexpr std::size_t strip_stride = 0;
#else
inline constexpr std::size_t strip_stride = 32;
#endif
constexpr std::size_t strip_length(const ConvGeometry& g) {
  return g.window.kernel_size.width * g.inputs();
}
constexpr std::size_t strip_columns(const ConvGeometry& g) {
  return (strip_length(g) + panel - 1) / panel * panel;
}
constexpr bool is_strip(const ConvGeometry& g) {
  return g.groups == 1 && g.window.dilation == Pair(1) && strip_length(g) <= strip_stride &&
         g.window.kernel_size.width > strip_columns(g) / panel;
}
constexpr std::size_t strip_weight_bytes(const ConvGeometry& g) {
  return cache_lines(g.window.kernel_size.height * g.outputs() * strip_columns(g) * sizeof(float));
}
constexpr std::size_t strip_bytes(const ConvGeometry& g) {  // of one thread
  return g.output.width * strip_stride * sizeof(float);
}

// Tiles whose tables are built at once, and then serve every panel of weights.
constexpr std::size_t table_bytes(std::size_t segments, std::size_t padded) {
  return (sizeof(TileRows) + segments * sizeof(Segment) + padded * sizeof(float) + 7) / 8 * 8;
}
constexpr std::size_t tiles_of_block(std::size_t table, std::size_t pixels) {
  const std::size_t fit = 32 * 1024 / table, all = (pixels + fewest_rows - 1) / fewest_rows;
  const std::size_t most = all < block_tiles ? all : block_tiles;
  return fit < 1 ? 1 : fit > most ? most : fit;
}
constexpr std::size_t strip_table_bytes(const ConvGeometry& g) {
  return cache_lines(table_bytes(g.window.kernel_size.height, 0));
}
struct TileTables {
  std::size_t table, tiles;  // bytes of one tile's, and how many are built at once

  constexpr TileTables(std::size_t bytes, std::size_t pixels)
      : table(bytes), tiles(tiles_of_block(bytes, pixels)) {}
  constexpr std::size_t bytes() const { return cache_lines(tiles * table); }
};
constexpr TileTables forward_tables(const ConvGeometry& g, std::size_t batch) {
  return {table_bytes(most_segments(g), padded_floats(g)),
          batch * g.output.height * g.output.width};
}
constexpr TileTables backward_tables(const ConvGeometry& g, std::size_t batch) {
  return {table_bytes(most_backward_taps(g), 0), batch * g.input.height * g.input.width};
}

// Of one thread.
constexpr std::size_t forward_zeros(const ConvGeometry& g) {
  return has_padding(g) ? cache_lines(segment_length(g) * sizeof(float)) : 0;
}
constexpr std::size_t backward_zeros(const ConvGeometry& g) {
  return is_pointwise(g) ? 0 : cache_lines(g.outputs() * sizeof(float));
}
// Weights as the input gradient reads them, for some input channels and one class of pixels at a
// time: (tap, output) and column. They are as many as stay in a core's second-level cache, in pairs
// of a tile's columns where it has room for one; for few pixels, where transposing takes longer
// than the sums, fewer.
constexpr std::size_t transposed_columns(const ConvGeometry& g, std::size_t batch) {
  const std::size_t pixels =
      batch * ConvAxis::down(g).of_class(0) * ConvAxis::across(g).of_class(0);
  const std::size_t column =
      std::max(most_backward_taps(g) * g.outputs(), std::size_t{1}) * sizeof(float);
  const std::size_t fit = (pixels <= chunk_pixels ? 128 : 640) * 1024 / column;
  const std::size_t step = fit < 2 * tile_columns ? tile_columns : 2 * tile_columns;
  return std::min(g.inputs(), std::max(fit / step, std::size_t{1}) * step);
}
constexpr std::size_t transposed_bytes(const ConvGeometry& g, std::size_t batch) {
  const std::size_t rows = most_backward_taps(g) * g.outputs();
  return cache_lines(rows * transposed_columns(g, batch) * sizeof(float));
}
// Output gradients of a chunk of pixels, at most so many channels, are packed together.
inline constexpr std::size_t gradient_columns = 8 * tile_columns;
constexpr std::size_t packed_pixels(const ConvGeometry& g, std::size_t batch) {
  const std::size_t image = g.output.height * g.output.width;
  const std::size_t row = g.output.width > chunk_pixels ? g.output.width : chunk_pixels;
  const std::size_t all = batch * image;
  return all < row ? all : row;
}
// Where input channels are few, a tile of the weight gradient has all taps of a kernel row.
constexpr bool merges_gradient_taps(const ConvGeometry& g) {
  return g.inputs() < fewest_rows * 2 && g.groups == 1 && g.window.dilation.width == 1;
}
// Many small images: pixels at the same place in each lie together in the packed chunk, as long as
// lines are short.
constexpr bool is_batch_inner(const ConvGeometry& g, std::size_t batch) {
  return batch > g.output.width && g.output.height * g.output.width <= chunk_pixels &&
         !is_pointwise(g) && !merges_gradient_taps(g);
}
// Where all columns are those of the tensor it is as if packed.
constexpr bool is_packed(const ConvGeometry& g, std::size_t batch) {
  return g.groups == 1 && g.outputs() <= tile_columns && !is_batch_inner(g, batch);
}
constexpr std::size_t packed_bytes(const ConvGeometry& g, std::size_t batch) {
  if (is_packed(g, batch)) return 0;
  const std::size_t columns = std::min(g.outputs(), gradient_columns);
  return cache_lines(packed_pixels(g, batch) * columns * sizeof(float));
}
// Rows of the weight gradient that belong together: those of a kernel row, or of a tap.
constexpr std::size_t gradient_rows(const ConvGeometry& g) {
  return (merges_gradient_taps(g) ? g.window.kernel_size.width : 1) * g.inputs();
}
// Lines of x that a chunk of output lines looks at.
constexpr std::size_t gradient_lines(const ConvGeometry& g, std::size_t batch) {
  const Window& w = g.window;
  const std::size_t lines = packed_pixels(g, batch) / g.output.width;
  const std::size_t reach = (w.kernel_size.height - 1) * w.dilation.height + w.stride.height;
  const std::size_t images = (lines + g.output.height - 1) / g.output.height + 1;
  return std::min(lines * w.stride.height + images * reach, batch * g.input.height);
}
// Merged, they are put between zeros and are so many floats long.
constexpr std::size_t gradient_line(const ConvGeometry& g) {
  const Window& w = g.window;
  return ((g.output.width - 1) * w.stride.width + w.kernel_size.width) * g.input.channels;
}
// Otherwise some channels of them are packed together: of a whole chunk those of four tiles.
constexpr std::size_t packed_slots(const ConvGeometry& g, std::size_t batch) {
  const std::size_t pixels = packed_pixels(g, batch);
  if (g.taps() == 1) return pixels;
  if (!is_batch_inner(g, batch)) return gradient_lines(g, batch) * g.input.width;
  const std::size_t images = pixels / (g.output.height * g.output.width);
  // (Not fewer than those of a smaller batch, whose lines are taken as they lie.)
  const std::size_t lines = gradient_lines(g, std::min(batch, g.output.width));
  return std::max(images * g.input.height, lines) * g.input.width;
}
constexpr std::size_t most_packed_floats(std::size_t slots) {
  return std::max(slots, chunk_pixels) * 4 * tile_rows;
}
constexpr std::size_t packed_channels(const ConvGeometry& g, std::size_t batch) {
  const std::size_t slots = packed_slots(g, batch), all = (g.inputs() + tile_rows - 1) / tile_rows;
  return std::min(all, most_packed_floats(slots) / (slots * tile_rows)) * tile_rows;
}
constexpr std::size_t packed_x_bytes(const ConvGeometry& g, std::size_t batch) {
  if (!merges_gradient_taps(g)) {
    const std::size_t slots = packed_slots(g, batch);
    const std::size_t all = slots * ((g.inputs() + tile_rows - 1) / tile_rows * tile_rows);
    return cache_lines(std::min(all, most_packed_floats(slots)) * sizeof(float));
  }
  if (!has_padding(g)) return 0;
  return cache_lines(gradient_lines(g, batch) * gradient_line(g) * sizeof(float));
}

// Which kernel serves a geometry: the first that is meant for it. What runs and what scratch is
// planned both ask these.
enum class ConvVariant : unsigned char { depthwise, narrow, gray, strip, gemm };
constexpr ConvVariant forward_variant(const ConvGeometry& g) {
  return g.depthwise()  ? ConvVariant::depthwise
         : is_narrow(g) ? ConvVariant::narrow
         : is_gray(g)   ? ConvVariant::gray
                        : ConvVariant::gemm;
}
constexpr ConvVariant input_gradient_variant(const ConvGeometry& g) {
  return g.depthwise()  ? ConvVariant::depthwise
         : is_narrow(g) ? ConvVariant::narrow
         : is_strip(g)  ? ConvVariant::strip
                        : ConvVariant::gemm;
}
constexpr ConvVariant weight_gradient_variant(const ConvGeometry& g) { return forward_variant(g); }

// Bytes of scratch that the gemm kernels use, for at most this batch and these threads.
// Monotone in both, so that scratch planned for a batch serves a smaller one.
#if defined(ETCH_HEADER_ONLY) && defined(HWY_COMPILE_ONLY_SCALAR)
constexpr std::size_t conv2d_forward_scratch(const ConvGeometry& g, std::size_t, std::size_t) {
  return micro::ForwardSegments::bytes(g);
}
constexpr std::size_t conv2d_input_gradient_scratch(const ConvGeometry& g, std::size_t,
                                                    std::size_t) {
  return micro::BackwardSegments::bytes(g);
}
constexpr std::size_t conv2d_weight_gradient_scratch(const ConvGeometry& g, std::size_t batch,
                                                     std::size_t) {
  return micro::ChunkRuns::bytes(g, batch);
}
#else
constexpr std::size_t conv2d_forward_scratch(const ConvGeometry& g, std::size_t batch,
                                             std::size_t threads) {
  switch (forward_variant(g)) {
    case ConvVariant::depthwise:
      return 0;
    case ConvVariant::narrow:
      return narrow_bytes(g) + conv2d_forward_scratch(narrow_lines(g), batch, threads);
    case ConvVariant::gray:
      return threads * gray_bytes(g);
    default:
      return threads * (forward_zeros(g) + forward_tables(g, batch).bytes());
  }
}
constexpr std::size_t conv2d_input_gradient_scratch(const ConvGeometry& g, std::size_t batch,
                                                    std::size_t threads) {
  switch (input_gradient_variant(g)) {
    case ConvVariant::depthwise:
      return 0;
    case ConvVariant::narrow:
      return narrow_bytes(g) + conv2d_input_gradient_scratch(narrow_lines(g), batch, threads);
    case ConvVariant::strip:
      return strip_weight_bytes(g) + threads * (strip_bytes(g) + strip_table_bytes(g));
    default:
      return threads *
             (backward_zeros(g) + backward_tables(g, batch).bytes() + transposed_bytes(g, batch));
  }
}
constexpr std::size_t conv2d_weight_gradient_scratch(const ConvGeometry& g, std::size_t batch,
                                                     std::size_t threads) {
  switch (weight_gradient_variant(g)) {
    case ConvVariant::depthwise:
      return 0;
    case ConvVariant::narrow:
      return narrow_bytes(g) + conv2d_weight_gradient_scratch(narrow_lines(g), batch, threads);
    case ConvVariant::gray:
      return threads * gray_gradient_bytes(g);
    default:
      return threads * (packed_bytes(g, batch) + packed_x_bytes(g, batch));
  }
}
#endif

}  // namespace etch::kernels
