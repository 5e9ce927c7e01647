// Bytes of the arena or of scratch as an array.
#pragma once
#include <etch/compiler.hpp>

#include <cstddef>

namespace etch::kernels {

// The planner aligns them, which a cast from bytes can't tell -Wcast-align.
template <class T>
[[gnu::always_inline]] inline T* typed(std::byte* bytes) {
  return static_cast<T*>(static_cast<void*>(bytes));
}

}  // namespace etch::kernels
