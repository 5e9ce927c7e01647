// The weight gradient on a microcontroller: a tile of it, input channels down and outputs across,
// stays in registers while pixels stream through it, each adding x[i] * dy[o]. Both tensors are
// read where they lie.
#pragma once
#include <etch/kernels/micro/depthwise_gradient-inl.hpp>
#include <etch/kernels/micro/gradient_tiles-inl.hpp>

#include <algorithm>

namespace etch::kernels::micro {

class WeightGradient {
 public:
  WeightGradient(const ConvWeightGradient& c, const GradientBlocks& blocks, std::size_t group)
      : c_(c),
        g_(c.geometry),
        blocks_(blocks),
        group_(group),
        runs_(c.geometry, c.batch, c.scratch) {}

  void run() {
    const Window& w = g_.window;
    // Few input channels: the taps of a kernel row lie side by side in x, and are rows of one tile.
    const bool merged = g_.inputs() < most_rows && w.dilation.width == 1 && g_.groups == 1;
    const float* x = c_.x + group_ * g_.inputs();
    const float* dy = c_.dy + group_ * g_.outputs();
    for (std::size_t begin = 0; runs_.go(begin, x, dy); begin = runs_.end()) {
      add_ = begin > 0 || c_.accumulate;
      for (std::size_t u = 0; u < w.kernel_size.height; ++u) {
        merged ? kernel_row(u) : taps(u);
      }
      if (c_.dbias != nullptr) {
        blocks_.bias(blocks_, runs_.chunk(), c_.dbias + group_ * g_.outputs(), g_.outputs(), add_);
      }
    }
  }

 private:
  void taps(std::size_t u) {
    for (std::size_t v = 0; v < g_.window.kernel_size.width; ++v) {
      rows(u, v, 1, runs_.first(v), runs_.last(v), add_);
    }
  }
  // First the pixels for which all taps are inside, then for each tap those that it has beside.
  void kernel_row(std::size_t u) {
    const std::size_t width = g_.window.kernel_size.width;
    const std::size_t low = runs_.first(0), high = std::max(low, runs_.last(width - 1));
    rows(u, 0, width, low, high, add_);
    for (std::size_t v = 0; v < width; ++v) {
      rows(u, v, 1, runs_.first(v), std::min(low, runs_.last(v)), true);
      rows(u, v, 1, std::max(high, runs_.first(v)), runs_.last(v), true);
    }
  }

  // Rows of the taps (u, v) to (u, v + taps - 1), over pixels of columns [low, high).
  HWY_NOINLINE void rows(std::size_t u, std::size_t v, std::size_t taps, std::size_t low,
                         std::size_t high, bool add) {
    if (add && low >= high) return;
    const std::size_t inputs = g_.inputs(), k = g_.taps() * inputs;
    Runs runs = runs_.at(u, v, low, high);
    for (std::size_t o = 0; o < g_.outputs(); o += panel) {
      const std::size_t width = std::min(panel, g_.outputs() - o);
      float* of_panel = c_.dweight + (group_ * g_.outputs() + o) * k;
      const std::size_t row = (u * g_.window.kernel_size.width + v) * inputs;
      gradient_tiles(blocks_, runs, {of_panel + row * width, taps * inputs, width, add});
      for (std::size_t r = 0; r < runs.size; ++r) runs.begin[r].dy += panel;
    }
  }

  const ConvWeightGradient& c_;
  const ConvGeometry& g_;
  const GradientBlocks& blocks_;
  std::size_t group_;
  ChunkRuns runs_;
  bool add_ = false;
};

inline HWY_NOINLINE void window_weight_gradient(const ConvWeightGradient& c,
                                                const GradientBlocks& blocks) {
  for (std::size_t group = 0; group < c.geometry.groups; ++group) {
    WeightGradient(c, blocks, group).run();
  }
}

}  // namespace etch::kernels::micro
