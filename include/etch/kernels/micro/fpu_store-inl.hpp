// What becomes of a tile's sums.
#pragma once
#include <etch/kernels/micro/destination-inl.hpp>

#include <utility>

namespace etch::kernels::micro {

// Stores n columns, from column c of `d` on, of `rows` rows of sums, which are `stride` apart.
template <std::size_t... i>
HWY_INLINE void store_columns(const Destination& d, const float* sums, std::size_t rows,
                              std::size_t stride, std::size_t c, std::index_sequence<i...>) {
  const Epilogue& e = d.epilogue;
  const bool relu = e.relu;
  const std::size_t next = d.stride;
  const float* skip = e.skip != nullptr ? e.skip + c : nullptr;
  float scale[sizeof...(i)], shift[sizeof...(i)];
  ((scale[i] = e.scale != nullptr ? e.scale[c + i] : 1.0f), ...);
  ((shift[i] = e.shift != nullptr ? e.shift[c + i] : 0.0f), ...);
  for (float* y = d.y + c; rows != 0; --rows, y += next, sums += stride) {
    float v[] = {sums[i] * scale[i] + shift[i]...};
    if (skip != nullptr) {
      ((v[i] += skip[i]), ...);
      skip += next;
    }
    if (relu) ((v[i] = v[i] < 0 ? 0 : v[i]), ...);
    ((y[i] = v[i]), ...);
  }
}

// Stores `rows` rows of sums, of a tile as wide as its columns are.
inline HWY_NOINLINE void store_sums(const Destination& d, const float* sums, std::size_t rows,
                                    const TileColumns& columns) {
  const std::size_t width = columns.width, end = columns.first + width;
  std::size_t c = columns.first + columns.skip;
  sums += columns.skip;
  for (; c + 4 <= end; c += 4, sums += 4) {
    store_columns(d, sums, rows, width, c, std::make_index_sequence<4>());
  }
  for (; c < end; ++c, ++sums) {
    store_columns(d, sums, rows, width, c, std::make_index_sequence<1>());
  }
}

}  // namespace etch::kernels::micro
