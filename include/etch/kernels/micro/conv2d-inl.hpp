// Convolution on a microcontroller, forward and input gradient: tiles of sums over pixels of one
// line. Nothing is copied or transposed: the scratch is one tile's row pointers, and a row of
// zeros, which padding reads.
#pragma once
#include <etch/kernels/micro/depthwise-inl.hpp>
#include <etch/kernels/micro/tiles-inl.hpp>

#include <algorithm>

namespace etch::kernels::micro {

template <Block block>
HWY_NOINLINE void forward_tile(const Segments& segments, const TileWeights& weights,
                               const TileColumns& columns, const Destination& to) {
  const std::size_t width = weights.width, count = columns.count;
  const float* first = weights.first + columns.first;
  Sums<block> sums;
  for (const Segment *s = segments.begin, *end = s + segments.size; s != end; ++s) {
    sums.outer(s->row, first + s->k * width, width, s->length, count);
  }
  store(sums, segments, columns, to);
}

// dx = sum of dy * weight: both lie along the outputs, panel by panel.
template <Block block>
HWY_NOINLINE void backward_tile(const Segments& segments, const TileWeights& weights,
                                const TileColumns& columns, const Destination& to) {
  const ConvGeometry& g = weights.geometry;
  const std::size_t outputs = weights.width, k = g.taps() * g.inputs(), count = columns.count;
  Sums<block> sums;
  for (std::size_t o = 0; o < outputs; o += panel) {
    const std::size_t width = std::min(panel, outputs - o);
    const float* first = weights.first + o * k + columns.first * width;
    for (const Segment *s = segments.begin, *end = s + segments.size; s != end; ++s) {
      sums.dot(s->row, o, first + s->k * width, width, width, count);
    }
  }
  store(sums, segments, columns, to);
}

// Columns of forward tiles are outputs of a panel, those of backward tiles a group's inputs.
template <Block block>
inline constexpr Tile forward_tile_of{forward_tile<block>, block.columns};
template <Block block>
inline constexpr Tile backward_tile_of{backward_tile<block>, block.columns};
inline constexpr Tiles forward_tiles{forward_tile_of<outer_tall>, forward_tile_of<outer_low>,
                                     forward_tile_of<outer_single>, forward_tile_of<outer_narrow>};
inline constexpr Tiles backward_tiles{backward_tile_of<dot_tall>, backward_tile_of<dot_low>,
                                      backward_tile_of<dot_single>, backward_tile_of<dot_narrow>};

inline void forward(const ConvForward& c) {
  const ConvGeometry& g = c.geometry;
  if (g.depthwise()) return depthwise_forward(c);
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

inline void input_gradient(const ConvInputGradient& c) {
  const ConvGeometry& g = c.geometry;
  if (g.depthwise()) return depthwise_input_gradient(c);
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

}  // namespace etch::kernels::micro
