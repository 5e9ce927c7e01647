// Winograd's convolution, for 3x3 kernels: tiles of m x m outputs cost (m + 2)^2 products a channel
// instead of 9 m^2. Lavin and Gray 2015, https://arxiv.org/abs/1509.09308
//
// Less work, more memory, and sums that are rounded more: weights are transformed, into
// (m + 2)^2 / 9 times their size (1.8 for m = 2, 4 for m = 4), and the error against float64 is
// 3 to 5 times that of direct convolution (3e-7 of the output's norm instead of 7e-8 over
// ResNet-101's layers; the worst of a tensor ten times: tests/kernels/winograd.cpp).
// Inference transforms weights once; training in each step, forward and for the input gradient,
// which is a convolution of dy by the weights turned around.
#pragma once
#include <etch/kernels/conv2d_scratch.hpp>
#include <etch/kernels/conv_work.hpp>

#include <algorithm>

namespace etch::kernels {

struct ConvForward;  // conv2d.hpp
struct ConvInputGradient;

// Geometries that Winograd's tiles can do.
constexpr bool is_winograd(const ConvGeometry& g) {
  const Window& w = g.window;
  return w.kernel_size == Pair(3) && w.stride == Pair(1) && w.dilation == Pair(1) &&
         g.groups == 1 && g.inputs() >= 16 && g.outputs() >= 16;
}

// m of the tiles that a convolution of so many images would take: 2 or 4, whichever is the cheaper;
// 0 where direct convolution is, or its geometry isn't one for tiles. A weight counts as much as
// `fetch` products: fetching it from memory takes as long; and transforming it as `transform`.
constexpr std::size_t winograd_tile(const ConvGeometry& g, std::size_t images = 1,
                                    std::size_t transform = 0) {
  if (!is_winograd(g)) return 0;
  constexpr std::size_t fetch = 25;
  const auto cost = [&](std::size_t m) {
    const std::size_t down = (g.output.height + m - 1) / m, across = (g.output.width + m - 1) / m;
    return (m + 2) * (m + 2) * (images * down * across + fetch + transform);
  };
  // (Direct convolution leaves out products with padding.)
  const std::size_t direct = images * real_taps(g) + 9 * fetch;
  const std::size_t m = cost(2) < cost(4) ? 2 : 4;
  return cost(m) + cost(m) / 8 < direct ? m : 0;
}

// The same in training.
constexpr std::size_t winograd_training_tile(const ConvGeometry& g, std::size_t batch) {
  return winograd_tile(g, batch, 25);
}
// The input gradient as a convolution of dy; without padding of more than 2.
constexpr ConvGeometry winograd_backward(const ConvGeometry& g) {
  const Pair padding = g.window.padding;
  if (!is_winograd(g) || padding.height > 2 || padding.width > 2) return {};
  return {.input = g.output,
          .output = g.input,
          .window = {.kernel_size = 3, .padding = {2 - padding.height, 2 - padding.width}}};
}

// Where the pieces of one convolution's transformed tensors lie.
struct WinogradSizes {
  std::size_t m, points, down, across, block, inputs, outputs;
  std::size_t most;  // tiles in a block, of this batch or of any smaller one

  constexpr WinogradSizes(const ConvGeometry& geometry, std::size_t batch, std::size_t tile)
      : m(tile == 0 ? 2 : tile),
        points((m + 2) * (m + 2)),
        down((geometry.output.height + m - 1) / m),
        across((geometry.output.width + m - 1) / m),
        block(0),
        inputs(geometry.inputs()),
        outputs(geometry.outputs()),
        most(0) {
    // As many tiles at once as keep their transforms within two megabytes, near a core's own cache:
    // each block of tiles reads all weights.
    const std::size_t tiles = batch * down * across;
    const std::size_t bytes = points * (inputs + outputs) * sizeof(float);
    const std::size_t fit = std::max((std::size_t{2} << 20) / bytes, std::size_t{48});
    const std::size_t blocks = (tiles + fit - 1) / fit;
    block = (tiles + blocks - 1) / blocks;
    most = std::min(tiles, fit);
  }
  // Floats. Transformed tensors are (point, tile, channel), weights (point, panel, input, output).
  constexpr std::size_t input() const { return points * block * inputs; }
  constexpr std::size_t weights() const { return points * inputs * outputs; }
  // Of one thread.
  constexpr TileTables tables() const { return {table_bytes(1, 0), most}; }
  constexpr std::size_t zeros_bytes() const { return cache_lines(inputs * sizeof(float)); }
  constexpr std::size_t scratch(std::size_t threads) const {
    return cache_lines(points * most * (inputs + outputs) * sizeof(float)) + zeros_bytes() +
           threads * tables().bytes();
  }
};

constexpr std::size_t winograd_weights(const ConvGeometry& g) {  // floats
  return WinogradSizes(g, 1, winograd_tile(g)).weights();
}
constexpr std::size_t winograd_scratch(const ConvGeometry& g, std::size_t batch,
                                       std::size_t threads) {
  return WinogradSizes(g, batch, winograd_tile(g)).scratch(threads);
}
// Of training: the transformed weights too. It grows with the batch and the threads.
constexpr std::size_t winograd_training_scratch(const ConvGeometry& g, std::size_t batch,
                                                std::size_t threads, std::size_t m) {
  const WinogradSizes sizes(g, batch, m);
  return cache_lines(sizes.weights() * sizeof(float)) + sizes.scratch(threads);
}

struct WinogradPrepare {
  const ConvGeometry& geometry;
  const float* weight;  // weight_index
  float* prepared;      // winograd_weights
};
void winograd_prepare(const WinogradPrepare&);

// As conv2d_forward, with the prepared weights and winograd_scratch bytes. winograd_tile is not 0.
void winograd_forward(const ConvForward&);

// As conv2d_forward and conv2d_input_gradient, in tiles of m, 2 or 4, with as many bytes of
// winograd_training_scratch: forward of its geometry, backward of winograd_backward(geometry).
struct WinogradTrainingForward {
  const ConvForward& convolution;
  std::size_t m;
};
void winograd_training_forward(const WinogradTrainingForward&);
struct WinogradInputGradient {
  const ConvInputGradient& convolution;
  std::size_t m;
};
void winograd_input_gradient(const WinogradInputGradient&);

}  // namespace etch::kernels
