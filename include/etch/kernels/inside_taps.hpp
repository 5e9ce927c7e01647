// Which taps of a window are inside the input.
#pragma once
#include <etch/compiler.hpp>

#include <cstddef>

namespace etch::kernels {

// Taps [begin, end) of a window along one axis that are inside the input.
struct InsideTaps {
  std::size_t begin, end;

  constexpr InsideTaps(std::size_t at, std::size_t taps, std::size_t stride, std::size_t dilation,
                       std::size_t padding, std::size_t length)
      : begin(0), end(taps) {
    const std::size_t first = at * stride;
    while (begin < end && first + begin * dilation < padding) ++begin;
    while (end > begin && first + (end - 1) * dilation >= padding + length) --end;
  }
  constexpr std::size_t size() const { return end - begin; }
};

}  // namespace etch::kernels
