// Winograd's convolution, for 3x3 kernels in inference: tiles of m x m outputs cost (m + 2)^2
// products a channel instead of 9 m^2. Lavin and Gray 2015, https://arxiv.org/abs/1509.09308
//
// Less work, more memory, and sums that are rounded more: weights are transformed beforehand, into
// (m + 2)^2 / 9 times their size (1.8 for m = 2, 4 for m = 4), and the error against float64 is
// 3 to 5 times that of direct convolution (3e-7 of the output's norm instead of 7e-8 over
// ResNet-101's layers; the worst of a tensor ten times: tests/kernels/winograd.cpp).
#pragma once
#include <etch/kernels/conv2d_scratch.hpp>

namespace etch::kernels {

struct ConvForward;  // conv2d.hpp

// m of the tiles that a convolution would take: 2 or 4, whichever is the cheapest for one image; 0
// where direct convolution is, or its geometry isn't 3x3, stride 1. A weight counts as much as
// `fetch` products: fetching it from memory takes as long.
constexpr std::size_t winograd_tile(const ConvGeometry& g) {
  const Window& w = g.window;
  const bool fits = w.kernel_size == Pair(3) && w.stride == Pair(1) && w.dilation == Pair(1) &&
                    g.groups == 1 && g.inputs() >= 16 && g.outputs() >= 16;
  if (!fits) return 0;
  constexpr std::size_t fetch = 25;
  const auto cost = [&](std::size_t m) {
    const std::size_t down = (g.output.height + m - 1) / m, across = (g.output.width + m - 1) / m;
    return (m + 2) * (m + 2) * (down * across + fetch);
  };
  const std::size_t direct = 9 * (g.output.height * g.output.width + fetch);
  const std::size_t m = cost(2) < cost(4) ? 2 : 4;
  return cost(m) + cost(m) / 8 < direct ? m : 0;
}

// Where the pieces of one convolution's transformed tensors lie.
struct WinogradSizes {
  std::size_t m, points, down, across, block, inputs, outputs;

  constexpr WinogradSizes(const ConvGeometry& g, std::size_t batch)
      : m(winograd_tile(g) == 0 ? 2 : winograd_tile(g)),
        points((m + 2) * (m + 2)),
        down((g.output.height + m - 1) / m),
        across((g.output.width + m - 1) / m),
        block(0),
        inputs(g.inputs()),
        outputs(g.outputs()) {
    // As many tiles at once as keep their transforms within two megabytes, near a core's own cache:
    // each block of tiles reads all weights.
    const std::size_t tiles = batch * down * across;
    const std::size_t tile = points * (inputs + outputs) * sizeof(float);
    const std::size_t most = (std::size_t{2} << 20) / tile;
    const std::size_t fit = most < 48 ? 48 : most;
    const std::size_t blocks = (tiles + fit - 1) / fit;
    block = (tiles + blocks - 1) / blocks;
  }
  // Floats; both are (point, tile, channel).
  constexpr std::size_t input() const { return points * block * inputs; }
  constexpr std::size_t output() const { return points * block * outputs; }
  // Of one thread.
  constexpr TileTables tables() const { return {table_bytes(1, 0), block}; }
  constexpr std::size_t zeros_bytes() const { return cache_lines(inputs * sizeof(float)); }
};

// Floats of the transformed weights: (point, panel, input, output).
constexpr std::size_t winograd_weights(const ConvGeometry& g) {
  return WinogradSizes(g, 1).points * g.inputs() * g.outputs();
}
constexpr std::size_t winograd_scratch(const ConvGeometry& g, std::size_t batch,
                                       std::size_t threads) {
  const WinogradSizes s(g, batch);
  return cache_lines((s.input() + s.output()) * sizeof(float)) + s.zeros_bytes() +
         threads * s.tables().bytes();
}

struct WinogradPrepare {
  const ConvGeometry& geometry;
  const float* weight;  // weight_index
  float* prepared;      // winograd_weights
};
void winograd_prepare(const WinogradPrepare&);

// As conv2d_forward, with the prepared weights and winograd_scratch bytes. winograd_tile is not 0.
void winograd_forward(const ConvForward&);

}  // namespace etch::kernels
