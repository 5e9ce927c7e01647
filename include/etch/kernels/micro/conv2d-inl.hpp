// Convolution on a microcontroller, forward and input gradient: tiles of sums over pixels of one
// line. Nothing is copied or transposed: the scratch is one tile's row pointers, and a row of
// zeros, which padding reads.
#pragma once
#include <etch/kernels/micro/depthwise-inl.hpp>
#include <etch/kernels/micro/pointwise-inl.hpp>
#include <etch/kernels/micro/weight_gradient-inl.hpp>

#include <algorithm>

namespace etch::kernels::micro {

inline HWY_NOINLINE void window_forward(const ConvForward& c, const Tiles& tiles) {
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
          run_columns(tiles, segments, {weight + o * k, width, k}, width,
                      moved(y, pixel, group * outputs + o));
        }
      }
    }
  }
}

inline HWY_NOINLINE void window_input_gradient(const ConvInputGradient& c, const Tiles& tiles) {
  const ConvGeometry& g = c.geometry;
  const std::size_t channels = g.input.channels, inputs = g.inputs(), outputs = g.outputs();
  const std::size_t k = g.taps() * inputs;
  const Destination dx{
      c.dx, g.window.stride.width * channels, {.skip = c.accumulate ? c.dx : nullptr}};
  for (std::size_t group = 0; group < g.groups; ++group) {
    BackwardSegments segments(g, c.batch, c.dy + group * outputs, c.scratch);
    const TileWeights weights{c.weight + group * outputs * k, outputs, k};
    for_input_tiles(g, segments, [&](std::size_t pixel) {
      run_columns(tiles, segments, weights, inputs, moved(dx, pixel * channels, group * inputs));
    });
  }
}

// A kernel with its tiles.
template <auto* kernel, const auto& tiles, class Arguments>
void with_tiles(const Arguments& c) {
  kernel(c, tiles);
}

// Which function serves a geometry, and with which tiles: where it is a constant, only these are in
// the flash.
template <TileUse use = TileUse{}>
constexpr void (*forward_of(const ConvGeometry& g))(const ConvForward&) {
  return g.depthwise()  ? depthwise_forward
         : is_matrix(g) ? with_tiles<pointwise_forward, forward_tiles<use>, ConvForward>
                        : with_tiles<window_forward, forward_tiles<use>, ConvForward>;
}
template <TileUse use = TileUse{}>
constexpr void (*input_gradient_of(const ConvGeometry& g))(const ConvInputGradient&) {
  return g.depthwise() ? depthwise_input_gradient
         : is_matrix(g)
             ? with_tiles<pointwise_input_gradient, backward_tiles<use>, ConvInputGradient>
             : with_tiles<window_input_gradient, backward_tiles<use>, ConvInputGradient>;
}
template <TileUse use = TileUse{}>
constexpr void (*weight_gradient_of(const ConvGeometry& g))(const ConvWeightGradient&) {
  return g.depthwise() ? depthwise_weight_gradient
         : is_matrix(g)
             ? with_tiles<pointwise_weight_gradient, gradient_blocks<use>, ConvWeightGradient>
             : with_tiles<window_weight_gradient, gradient_blocks<use>, ConvWeightGradient>;
}

}  // namespace etch::kernels::micro
