// The geometry of a convolution, and where each of its weights lies in memory.
#pragma once
#include <etch/shape.hpp>

#include <cstddef>

namespace etch::kernels {

// Where one weight lives. Weights of a group are cut into panels of `panel` output channels
// (the last one may be narrower): (group, panel, tap row, tap column, input channel, output).
// One vector load then serves one input channel of every output of the panel.
// Depthwise weights (one input, one output channel a group) are (tap row, tap column, channel).
inline constexpr std::size_t panel = 16;

struct ConvGeometry {
  Shape input{}, output{};
  Window window{};
  std::size_t groups = 1;

  constexpr std::size_t inputs() const { return input.channels / groups; }    // of one group
  constexpr std::size_t outputs() const { return output.channels / groups; }  // of one group
  constexpr std::size_t taps() const { return window.kernel_size.area(); }
  constexpr bool depthwise() const { return groups > 1 && inputs() == 1 && outputs() == 1; }
  constexpr std::size_t weights() const { return output.channels * taps() * inputs(); }

  // Index of the weight that PyTorch calls weight[o, i, u, v]; o counts over all groups.
  constexpr std::size_t weight_index(std::size_t o, std::size_t i, std::size_t u,
                                     std::size_t v) const {
    const std::size_t tap = u * window.kernel_size.width + v;
    if (depthwise()) return tap * output.channels + o;
    const std::size_t group = o / outputs(), within = o % outputs();
    const std::size_t first = within / panel * panel;
    const std::size_t width = outputs() - first < panel ? outputs() - first : panel;
    return (group * outputs() + first) * taps() * inputs() + (tap * inputs() + i) * width +
           (within - first);
  }
};

// What is known of the number of images that a kernel gets: one at most, or at most so many as fill
// whole tiles of a fully connected layer.
enum class Images : unsigned char { any, fill_tiles, one };

}  // namespace etch::kernels
