// The weight gradient of a depthwise convolution on a microcontroller: channels across, one row.
#pragma once
#include <etch/kernels/micro/gradient_tiles-inl.hpp>

#include <algorithm>

namespace etch::kernels::micro {

template <Block block>
HWY_NOINLINE void channel_gradient_tile(const Runs& runs, const TileColumns& columns,
                                        const Destination& to) {
  Sums<block> sums;
  for (const Run *r = runs.begin, *end = r + runs.size; r != end; ++r) {
    sums.channel_pixels(r->x + columns.first, runs.x_stride, r->dy + columns.first, runs.dy_stride,
                        runs.pixels, columns.count);
  }
  store(sums, 1, columns, to);
}

// The gradient of all channels at one tap, or of the bias.
inline void channel_gradient(const Runs& runs, std::size_t channels, float* gradient, bool add) {
  const bool few = overlaps && channels < depthwise_gradient.columns;
  const std::size_t width = few ? depthwise_gradient_narrow.columns : depthwise_gradient.columns;
  for (std::size_t c = 0; c < channels; c += width) {
    const TileColumns columns = columns_at(c, channels, width);
    const Destination to{gradient, 0, {.skip = add ? gradient : nullptr}};
    few ? channel_gradient_tile<depthwise_gradient_narrow>(runs, columns, to)
        : channel_gradient_tile<depthwise_gradient>(runs, columns, to);
  }
}

inline HWY_NOINLINE void depthwise_weight_gradient(const ConvWeightGradient& c) {
  const ConvGeometry& g = c.geometry;
  const std::size_t channels = g.output.channels, kernel = g.window.kernel_size.width;
  ChunkRuns runs(g, c.batch, c.scratch);
  for (std::size_t begin = 0; runs.go(begin, c.x, c.dy); begin = runs.end()) {
    const bool add = begin > 0 || c.accumulate;
    for (std::size_t tap = 0; tap < g.taps(); ++tap) {
      const std::size_t v = tap % kernel, low = runs.first(v), high = runs.last(v);
      if (add && low >= high) continue;
      channel_gradient(runs.at(tap / kernel, v, low, std::max(low, high)), channels,
                       c.dweight + tap * channels, add);
    }
    if (c.dbias != nullptr) {
      bias_by_tiles(gradient_blocks<TileUse{}>, runs.chunk(), c.dbias, channels, add);
    }
  }
}

}  // namespace etch::kernels::micro
