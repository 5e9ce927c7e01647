// Depthwise convolution on a microcontroller: tiles of pixels down and channels across.
#pragma once
#include <etch/kernels/micro/depthwise_gradient-inl.hpp>
#include <etch/kernels/micro/tiles-inl.hpp>

#include <algorithm>

namespace etch::kernels::micro {

// Forward and input gradient are one loop: of each tap's pixels the channels times its weights.
template <Block block>
HWY_NOINLINE void depthwise_tile(const Segments& segments, const TileWeights& weights,
                                 const TileColumns& columns, const Destination& to) {
  const std::size_t channels = weights.width, count = columns.count, first = columns.first;
  const float* weight = weights.first + first;
  Sums<block> sums;
  for (const Segment *s = segments.begin, *end = s + segments.size; s != end; ++s) {
    sums.channels(s->row, first, weight + s->k * channels, count);
  }
  store(sums, segments.rows, columns, to);
}

template <Block block>
inline constexpr Tile depthwise_tile_of{depthwise_tile<block>, block.columns};
inline constexpr Tile depthwise_tall = depthwise_tile_of<depthwise_shapes.tall>;
inline constexpr Tiles depthwise_tiles{depthwise_tall, depthwise_tall, depthwise_tall,
                                       depthwise_tile_of<depthwise_shapes.narrow>};

inline HWY_NOINLINE void depthwise_forward(const ConvForward& c) {
  const ConvGeometry& g = c.geometry;
  const std::size_t channels = g.output.channels;
  const Destination y{c.y, channels, c.epilogue};
  ForwardSegments segments(g, c.batch, c.x, c.scratch);
  for (std::size_t l = 0; l < segments.lines; ++l) {
    segments.line(l);
    for (std::size_t p = 0; p < segments.width; p += segments.rows) {
      segments.pixels(p, std::min(most_rows, segments.width - p));
      run_columns(depthwise_tiles, segments, {c.weight, channels, g.taps()}, channels,
                  moved(y, (l * segments.width + p) * channels, 0));
    }
  }
}

inline HWY_NOINLINE void depthwise_input_gradient(const ConvInputGradient& c) {
  const ConvGeometry& g = c.geometry;
  const std::size_t channels = g.input.channels;
  const Destination dx{
      c.dx, g.window.stride.width * channels, {.skip = c.accumulate ? c.dx : nullptr}};
  BackwardSegments segments(g, c.batch, c.dy, c.scratch);
  for_input_tiles(g, segments, [&](std::size_t pixel) {
    run_columns(depthwise_tiles, segments, {c.weight, channels, g.taps()}, channels,
                moved(dx, pixel * channels, 0));
  });
}

}  // namespace etch::kernels::micro
