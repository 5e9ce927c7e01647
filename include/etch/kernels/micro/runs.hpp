// What the sums of a weight gradient run over: pixels that lie evenly in x and in dy.
#pragma once
#include <etch/kernels/conv_geometry.hpp>
#include <etch/kernels/micro/segments.hpp>
#include <etch/kernels/typed.hpp>

#include <algorithm>
#include <cstddef>

namespace etch::kernels::micro {

struct Run {
  const float* x;
  const float* dy;
};

struct Runs {
  Run* begin;
  std::size_t size, pixels;  // of each run
  std::size_t x_stride, dy_stride;
};

// The longest sum is of one chunk of pixels, or of one line, so that its error stays that of short
// sums; the gradient in memory is the sum of these.
inline constexpr std::size_t chunk_pixels = 256;

// The runs of one chunk of output lines after the other.
class ChunkRuns {
 public:
  static constexpr std::size_t most_lines = 32;
  static constexpr std::size_t bytes(const ConvGeometry& g, std::size_t batch) {
    if (is_matrix(g)) return 0;
    const std::size_t lines = is_one_line(g) ? 1 : batch * g.output.height;
    return (lines < most_lines ? lines : most_lines) * sizeof(Run);
  }

  ChunkRuns(const ConvGeometry& geometry, std::size_t batch, std::byte* scratch)
      : g_(geometry),
        runs_(typed<Run>(scratch)),
        one_line_(is_one_line(geometry)),
        pixels_(batch * geometry.output.height * geometry.output.width) {}

  // Goes to the chunk that begins at this pixel of dy; false where there is none.
  bool go(std::size_t begin, const float* x, const float* dy) {
    begin_ = begin;
    x_ = x;
    dy_ = dy;
    const std::size_t width = g_.output.width;
    const std::size_t lines = std::min(std::max(chunk_pixels / width, std::size_t{1}), most_lines);
    end_ = std::min(pixels_, begin + (one_line_ ? chunk_pixels : lines * width));
    return begin < pixels_;
  }
  std::size_t end() const { return end_; }

  // Output columns [first, last) for which tap column v is inside the input.
  std::size_t first(std::size_t v) const {
    const std::size_t at = v * g_.window.dilation.width, padding = g_.window.padding.width;
    const std::size_t stride = g_.window.stride.width;
    return at >= padding ? 0 : std::min(g_.output.width, (padding - at + stride - 1) / stride);
  }
  std::size_t last(std::size_t v) const {
    const std::size_t at = v * g_.window.dilation.width, padding = g_.window.padding.width;
    if (at >= g_.input.width + padding) return 0;
    return std::min(g_.output.width,
                    (g_.input.width + padding - at - 1) / g_.window.stride.width + 1);
  }

  // The chunk's pixels in columns [low, high) of lines for which tap row u is inside, with x at tap
  // (u, v).
  HWY_NOINLINE Runs at(std::size_t u, std::size_t v, std::size_t low, std::size_t high) const {
    const Window& w = g_.window;
    const std::size_t channels = g_.input.channels, width = g_.output.width;
    Runs runs{runs_, 0, high - low, w.stride.width * channels, g_.output.channels};
    if (one_line_) {
      runs_[0] = {x_ + begin_ * channels, dy_ + begin_ * g_.output.channels};
      runs.size = 1;
      runs.pixels = end_ - begin_;
      return runs;
    }
    if (low >= high) return runs;
    const Offset column =
        signed_of(low * w.stride.width + v * w.dilation.width) - signed_of(w.padding.width);
    for (std::size_t line = begin_ / width; line < end_ / width; ++line) {
      const std::size_t n = line / g_.output.height, r = line % g_.output.height;
      const std::size_t row = r * w.stride.height + u * w.dilation.height - w.padding.height;
      if (row >= g_.input.height) continue;
      const std::size_t x = (n * g_.input.height + row) * g_.input.width;
      runs_[runs.size++] = {x_ + (signed_of(x) + column) * signed_of(channels),
                            dy_ + (line * width + low) * g_.output.channels};
    }
    return runs;
  }

  // All of the chunk's pixels as one run of dy.
  Runs chunk() const {
    runs_[0] = {x_, dy_ + begin_ * g_.output.channels};
    return {runs_, 1, end_ - begin_, 0, g_.output.channels};
  }

 private:
  const ConvGeometry& g_;
  Run* runs_;
  bool one_line_;
  std::size_t pixels_, begin_ = 0, end_ = 0;
  const float* x_ = nullptr;  // of the group
  const float* dy_ = nullptr;
};

}  // namespace etch::kernels::micro
