// Fully connected layers, and 1x1 convolutions that take all pixels, on a microcontroller: no tap
// tells pixels apart, so they are the rows of one matrix. Neither tables nor scratch.
#pragma once
#include <etch/kernels/micro/gradient_tiles-inl.hpp>
#include <etch/kernels/micro/tiles-inl.hpp>

#include <algorithm>

namespace etch::kernels::micro {

// Calls body(segments, first pixel) for tiles of `pixels` rows of `length` floats.
template <class Body>
HWY_INLINE void for_row_tiles(std::size_t pixels, const float* row, std::size_t length,
                              const Body& body) {
  Segment segment{{}, 0, length};
  Segments segments{&segment, 1, 0};
  for (std::size_t p = 0; p < pixels; p += segments.rows) {
    segments.rows = std::min(most_rows, pixels - p);
    for (std::size_t i = 0; i < most_rows; ++i) {
      segment.row[i] = row;
      if (i + 1 < segments.rows) row += length;
    }
    row += length;
    body(segments, p);
  }
}

inline HWY_NOINLINE void pointwise_forward(const ConvForward& c) {
  const ConvGeometry& g = c.geometry;
  const std::size_t inputs = g.input.channels, outputs = g.output.channels;
  const Destination y{c.y, outputs, c.epilogue};
  for_row_tiles(c.batch * g.output.height * g.output.width, c.x, inputs,
                [&](const Segments& segments, std::size_t p) {
                  for (std::size_t o = 0; o < outputs; o += panel) {
                    const std::size_t width = std::min(panel, outputs - o);
                    run_columns(forward_tiles, segments, {g, c.weight + o * inputs, width}, width,
                                moved(y, p * outputs, o));
                  }
                });
}

inline HWY_NOINLINE void pointwise_input_gradient(const ConvInputGradient& c) {
  const ConvGeometry& g = c.geometry;
  const std::size_t inputs = g.input.channels, outputs = g.output.channels;
  const Destination dx{c.dx, inputs, {.skip = c.accumulate ? c.dx : nullptr}};
  for_row_tiles(c.batch * g.output.height * g.output.width, c.dy, outputs,
                [&](const Segments& segments, std::size_t p) {
                  run_columns(backward_tiles, segments, {g, c.weight, outputs}, inputs,
                              moved(dx, p * inputs, 0));
                });
}

inline HWY_NOINLINE void pointwise_weight_gradient(const ConvWeightGradient& c) {
  const ConvGeometry& g = c.geometry;
  const std::size_t inputs = g.input.channels, outputs = g.output.channels;
  const std::size_t pixels = c.batch * g.output.height * g.output.width;
  for (std::size_t p = 0; p < pixels; p += chunk_pixels) {
    const bool add = p > 0 || c.accumulate;
    Run run{c.x + p * inputs, c.dy + p * outputs};
    Runs runs{&run, 1, std::min(chunk_pixels, pixels - p), inputs, outputs};
    if (c.dbias != nullptr) bias_gradient(runs, c.dbias, outputs, add);
    for (std::size_t o = 0; o < outputs; o += panel, run.dy += panel) {
      gradient_tiles(runs, {c.dweight + o * inputs, inputs, std::min(panel, outputs - o), add});
    }
  }
}

}  // namespace etch::kernels::micro
