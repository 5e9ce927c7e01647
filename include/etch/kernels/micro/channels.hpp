// Loops over channels, four at a time.
#pragma once
#include <etch/compiler.hpp>

#include <hwy/base.h>

#include <cstddef>
#include <utility>

namespace etch::kernels::micro {

// Calls body(first channel, index sequence of as many channels as are taken at once).
template <class Body>
HWY_INLINE void for_channels(std::size_t channels, const Body& body) {
  std::size_t c = 0;
  for (; c + 4 <= channels; c += 4) body(c, std::make_index_sequence<4>());
  for (; c < channels; ++c) body(c, std::make_index_sequence<1>());
}

}  // namespace etch::kernels::micro
