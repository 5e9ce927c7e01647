// How much a convolution computes: every tap of every output, and those of them that meet the
// input. The others multiply padding; Algorithm::gemm and loops leave them out.
#pragma once
#include <etch/kernels/conv_geometry.hpp>

namespace etch::kernels {

// Taps along one axis that are inside the input, summed over the output positions.
constexpr std::size_t taps_inside(std::size_t positions, std::size_t taps, std::size_t stride,
                                  std::size_t dilation, std::size_t padding, std::size_t length) {
  std::size_t inside = 0;
  for (std::size_t at = 0; at < positions; ++at) {
    for (std::size_t tap = 0; tap < taps; ++tap) {
      const std::size_t seen = at * stride + tap * dilation;
      inside += seen >= padding && seen < padding + length;
    }
  }
  return inside;
}

// Multiply-accumulates of one image, forward; the input gradient and the weight gradient take as
// many each.
constexpr std::size_t counted_macs(const ConvGeometry& g) {
  return g.weights() * g.output.height * g.output.width;
}
// Taps inside, summed over the outputs of an image.
constexpr std::size_t real_taps(const ConvGeometry& g) {
  const Window& w = g.window;
  const std::size_t rows = taps_inside(g.output.height, w.kernel_size.height, w.stride.height,
                                       w.dilation.height, w.padding.height, g.input.height);
  const std::size_t columns = taps_inside(g.output.width, w.kernel_size.width, w.stride.width,
                                          w.dilation.width, w.padding.width, g.input.width);
  return rows * columns;
}
constexpr std::size_t real_macs(const ConvGeometry& g) {
  return real_taps(g) * g.inputs() * g.output.channels;
}

}  // namespace etch::kernels
