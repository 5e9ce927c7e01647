// What becomes of a tile's sums, with Helium.
#pragma once
#include <etch/kernels/micro/destination-inl.hpp>
#include <etch/kernels/micro/helium_sums-inl.hpp>

namespace etch::kernels::micro {

// Stores `rows` rows of sums, whose width is whole vectors.
inline HWY_NOINLINE void store_sums(const Destination& d, const float* sums, std::size_t rows,
                                    const TileColumns& columns) {
  const std::size_t end = columns.first + columns.count, width = columns.width;
  const Epilogue& e = d.epilogue;
  for (std::size_t c = columns.first; c < end; c += lanes, sums += lanes) {
    const mve_pred16_t p = columns_before(end, c);
    const auto from = [&](const float* values, float otherwise) __attribute__((always_inline)) {
      return values != nullptr ? vldrwq_z_f32(values + c, p) : vdupq_n_f32(otherwise);
    };
    const Vector scale = from(e.scale, 1), shift = from(e.shift, 0);
    float* y = d.y + c;
    const float* skip = e.skip != nullptr ? e.skip + c : nullptr;
    const float* sum = sums;
    for (std::size_t r = 0; r < rows; ++r, y += d.stride, sum += width) {
      Vector v = vfmaq_f32(shift, vld1q_f32(sum), scale);
      if (skip != nullptr) {
        v = vaddq_f32(v, vldrwq_z_f32(skip, p));
        skip += d.stride;
      }
      if (e.relu) v = vdupq_m_n_f32(v, 0, vcmpltq_n_f32(v, 0));
      vstrwq_p_f32(y, v, p);
    }
  }
}

}  // namespace etch::kernels::micro
