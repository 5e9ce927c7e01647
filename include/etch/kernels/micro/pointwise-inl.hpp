// Fully connected layers, and 1x1 convolutions that take all pixels, on a microcontroller: no tap
// tells pixels apart, so they are the rows of one matrix. Neither tables nor scratch.
// What isn't a loop over sums is [[gnu::cold]]: in the size of -Os at any level.
#pragma once
#include <etch/kernels/micro/gradient_tiles-inl.hpp>
#include <etch/kernels/micro/tiles-inl.hpp>

#include <algorithm>

namespace etch::kernels::micro {

// The rows of a matrix: as many as there are pixels.
struct Matrix {
  const float* first;
  std::size_t pixels, length;
};

// Runs tiles of rows over all columns.
inline HWY_NOINLINE void run_rows(const Tiles& tiles, const Matrix& matrix,
                                  const TileWeights& weights, std::size_t columns,
                                  const Destination& to) {
  Segment segment;
  segment.k = 0;
  segment.length = matrix.length;
  Segments segments{&segment, 1, 0};
  const float* row = matrix.first;
  for (std::size_t p = 0; p < matrix.pixels; p += segments.rows) {
    segments.rows = std::min(most_rows, matrix.pixels - p);
    for (std::size_t i = 0; i < most_rows; ++i) {
      segment.row[i] = row;
      if (i + 1 < segments.rows) row += matrix.length;
    }
    row += matrix.length;
    run_columns(tiles, segments, weights, columns, moved(to, p * to.stride, 0));
  }
}

[[gnu::cold]] inline HWY_NOINLINE void pointwise_forward(const ConvForward& c, const Tiles& tiles) {
  const ConvGeometry& g = c.geometry;
  const std::size_t inputs = g.input.channels, outputs = g.output.channels;
  const Matrix x{c.x, c.batch * g.output.height * g.output.width, inputs};
  const Destination y{c.y, outputs, c.epilogue};
  for (std::size_t o = 0; o < outputs; o += panel) {
    const std::size_t width = std::min(panel, outputs - o);
    run_rows(tiles, x, {c.weight + o * inputs, width, inputs}, width, moved(y, 0, o));
  }
}

[[gnu::cold]] inline HWY_NOINLINE void pointwise_input_gradient(const ConvInputGradient& c,
                                                                const Tiles& tiles) {
  const ConvGeometry& g = c.geometry;
  const std::size_t inputs = g.input.channels, outputs = g.output.channels;
  const Matrix dy{c.dy, c.batch * g.output.height * g.output.width, outputs};
  run_rows(tiles, dy, {c.weight, outputs, inputs}, inputs,
           {c.dx, inputs, {.skip = c.accumulate ? c.dx : nullptr}});
}

[[gnu::cold]] inline HWY_NOINLINE void pointwise_weight_gradient(const ConvWeightGradient& c,
                                                                 const GradientBlocks& blocks) {
  const ConvGeometry& g = c.geometry;
  const std::size_t inputs = g.input.channels, outputs = g.output.channels;
  const std::size_t pixels = c.batch * g.output.height * g.output.width;
  for (std::size_t p = 0; p < pixels; p += chunk_pixels) {
    const bool add = p > 0 || c.accumulate;
    Run run{c.x + p * inputs, c.dy + p * outputs};
    Runs runs{&run, 1, std::min(chunk_pixels, pixels - p), inputs, outputs};
    if (c.dbias != nullptr) blocks.bias(blocks, runs, c.dbias, outputs, add);
    for (std::size_t o = 0; o < outputs; o += panel, run.dy += panel) {
      gradient_tiles(blocks, runs,
                     {c.dweight + o * inputs, inputs, std::min(panel, outputs - o), add});
    }
  }
}

}  // namespace etch::kernels::micro
