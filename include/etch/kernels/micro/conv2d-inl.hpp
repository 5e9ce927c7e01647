// Convolution on a microcontroller, forward and input gradient: tiles of sums over pixels of one
// line. Nothing is copied or transposed: the scratch is one tile's row pointers, and a row of
// zeros, which padding reads.
#pragma once
#include <etch/kernels/micro/depthwise-inl.hpp>
#include <etch/kernels/micro/pointwise-inl.hpp>
#include <etch/kernels/micro/weight_gradient-inl.hpp>

#include <algorithm>

namespace etch::kernels::micro {

inline HWY_NOINLINE void window_forward(const ConvForward& c) {
  const ConvGeometry& g = c.geometry;
  const std::size_t outputs = g.outputs(), k = g.taps() * g.inputs();
  const Destination y{c.y, g.output.channels, c.epilogue};
  for (std::size_t group = 0; group < g.groups; ++group) {
    ForwardSegments segments(g, c.batch, c.x + group * g.inputs(), c.scratch);
    const float* weight = c.weight + group * outputs * k;
    for (std::size_t l = 0; l < segments.lines; ++l) {
      segments.line(l);
      for (std::size_t p = 0; p < segments.width; p += segments.rows) {
        segments.pixels(p, std::min(most_rows, segments.width - p));
        const std::size_t pixel = (l * segments.width + p) * g.output.channels;
        for (std::size_t o = 0; o < outputs; o += panel) {
          const std::size_t width = std::min(panel, outputs - o);
          run_columns(forward_tiles, segments, {g, weight + o * k, width}, width,
                      moved(y, pixel, group * outputs + o));
        }
      }
    }
  }
}

inline HWY_NOINLINE void window_input_gradient(const ConvInputGradient& c) {
  const ConvGeometry& g = c.geometry;
  const std::size_t channels = g.input.channels, inputs = g.inputs(), outputs = g.outputs();
  const Destination dx{
      c.dx, g.window.stride.width * channels, {.skip = c.accumulate ? c.dx : nullptr}};
  for (std::size_t group = 0; group < g.groups; ++group) {
    BackwardSegments segments(g, c.batch, c.dy + group * outputs, c.scratch);
    const TileWeights weights{g, c.weight + group * outputs * g.taps() * inputs, outputs};
    for_input_tiles(g, segments, [&](std::size_t pixel) {
      run_columns(backward_tiles, segments, weights, inputs,
                  moved(dx, pixel * channels, group * inputs));
    });
  }
}

// Which function serves a geometry: where it is a constant, only that one is in the flash.
constexpr auto* forward_of(const ConvGeometry& g) {
  return g.depthwise() ? depthwise_forward : is_matrix(g) ? pointwise_forward : window_forward;
}
constexpr auto* input_gradient_of(const ConvGeometry& g) {
  return g.depthwise()  ? depthwise_input_gradient
         : is_matrix(g) ? pointwise_input_gradient
                        : window_input_gradient;
}
constexpr auto* weight_gradient_of(const ConvGeometry& g) {
  return g.depthwise()  ? depthwise_weight_gradient
         : is_matrix(g) ? pointwise_weight_gradient
                        : window_weight_gradient;
}

}  // namespace etch::kernels::micro
