// Shapes of tiles of sums, rows and columns, and whether few of them must do.
#pragma once
#include <etch/compiler.hpp>

#include <cstddef>

namespace etch::kernels::micro {

// Built with -Os: fewer shapes and one way to store them, in half of the flash.
#if defined(__OPTIMIZE_SIZE__)
inline constexpr bool small_code = true;
#else
inline constexpr bool small_code = false;
#endif

struct Block {
  std::size_t rows, columns;
};
// `low` serves two rows, `single` one, `narrow` columns that are fewer than others have.
struct Shapes {
  Block tall, low, single, narrow;
};

}  // namespace etch::kernels::micro
