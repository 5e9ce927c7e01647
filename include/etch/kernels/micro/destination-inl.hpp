// Where a tile's sums go.
#pragma once
#include <hwy/base.h>
#include <etch/kernels/conv2d.hpp>

#include <cstddef>

namespace etch::kernels::micro {

// Where a tile's sums go: row r's column 0 to y + r * stride. The epilogue's pointers are those of
// row 0 and column 0, too.
struct Destination {
  float* y;
  std::size_t stride;
  Epilogue epilogue;
};

// A tile's columns: `count` from `first` on, of the destination too, of which the first `skip` were
// stored by another tile. Rows of its sums are `width` apart.
struct TileColumns {
  std::size_t first, count, skip, width;
};

// Nothing becomes of sums: they are stored as they are.
inline HWY_NOINLINE bool is_plain(const Destination& d) {
  const Epilogue& e = d.epilogue;
  return e.scale == nullptr && e.shift == nullptr && e.skip == nullptr && !e.relu;
}

inline HWY_NOINLINE Destination moved(const Destination& d, std::size_t pixel, std::size_t column) {
  const auto by = [](const float* p, std::size_t n) { return p != nullptr ? p + n : nullptr; };
  const Epilogue& e = d.epilogue;
  return {d.y + pixel + column, d.stride,
          Epilogue{by(e.scale, column), by(e.shift, column), by(e.skip, pixel + column), e.relu}};
}

}  // namespace etch::kernels::micro
