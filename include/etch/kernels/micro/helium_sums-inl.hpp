// A tile of sums in Helium's eight vector registers of four floats, by Arm's intrinsics (Highway
// has no such target): https://developer.arm.com/documentation/101028. The same loops as sums.hpp.
//
// Columns are lanes. A factor of a row is in one of the core's registers, which multiply-adds take
// as they take a vector, so that 3 x 8 products are 12 instructions: 6 multiply-adds, 5 loads and
// the end of the loop.
#pragma once
#include <arm_mve.h>
#include <hwy/base.h>
#include <etch/kernels/micro/shapes.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace etch::kernels::micro {

// Six sums and two factors fill the registers. Two rows are done as three, and lanes that don't
// exist are switched off, so that two shapes serve all sizes.
inline constexpr std::size_t most_rows = 3;
inline constexpr Block tall{3, 8}, single{1, 16};
inline constexpr Shapes forward_shapes{tall, tall, single, tall}, backward_shapes = forward_shapes,
                                                                  gradient_shapes = forward_shapes,
                                                                  depthwise_shapes = forward_shapes;
inline constexpr Block gradient_line = single, depthwise_gradient = single,
                       depthwise_gradient_narrow = single;
// Columns that are left at the end are lanes that are switched off.
inline constexpr bool overlaps = false;

inline constexpr std::size_t lanes = 4;
using Vector = float32x4_t;

// A float in one of the core's registers.
HWY_INLINE float core_register(const float* p) {
  std::uint32_t bits;
  __builtin_memcpy(&bits, p, sizeof(bits));
  return __builtin_bit_cast(float, bits);
}

// The lanes of columns [0, count), of the vector that begins at column `at`.
HWY_INLINE mve_pred16_t columns_before(std::size_t count, std::size_t at) {
  return vctp32q(count > at ? static_cast<std::uint32_t>(count - at) : 0);
}

template <bool whole>
HWY_INLINE Vector load(const float* p, std::size_t count, std::size_t at) {
  if constexpr (whole) return vld1q_f32(p + at);
  return vldrwq_z_f32(p + at, columns_before(count, at));
}

// The same of floats that are `apart` from the first.
template <bool whole>
HWY_INLINE Vector gather(const float* p, uint32x4_t apart, std::size_t count, std::size_t at) {
  if constexpr (whole) return vldrwq_gather_shifted_offset_f32(p, apart);
  return vldrwq_gather_shifted_offset_z_f32(p, apart, columns_before(count, at));
}

template <Block block>
class Sums {
  static constexpr std::size_t rows = block.rows, columns = block.columns;
  static constexpr std::size_t vectors = columns / lanes;

 public:
  static constexpr std::size_t size = rows * columns;

  // sum[r][c] += row[r][k] * w[k * stride + c] for k < length, c < count.
  HWY_INLINE void outer(const float* const* row, const float* w, std::size_t stride,
                        std::size_t length, std::size_t count) {
    const float* x[rows];
    point(x, row, 0, down);
    if (count == columns) {
      for (; length != 0; --length, w += stride) outer_step<true>(x, w, count, cells, down, across);
    } else {
      for (; length != 0; --length, w += stride) {
        outer_step<false>(x, w, count, cells, down, across);
      }
    }
  }

  // sum[r][c] += row[r][at + k] * w[c * stride + k] for k < length, c < count.
  HWY_INLINE void dot(const float* const* row, std::size_t at, const float* w, std::size_t stride,
                      std::size_t length, std::size_t count) {
    const float* x[rows];
    point(x, row, at, down);
    const uint32x4_t apart = vmulq_n_u32(vidupq_n_u32(0, 1), static_cast<std::uint32_t>(stride));
    if (count == columns) {
      for (; length != 0; --length, ++w) {
        dot_step<true>(x, w, stride, apart, count, cells, down, across);
      }
    } else {
      for (; length != 0; --length, ++w) {
        dot_step<false>(x, w, stride, apart, count, cells, down, across);
      }
    }
  }

  // sum[r][c] += x[p * x_stride + r] * y[p * y_stride + c] for p < length.
  HWY_INLINE void pixels(const float* x, std::size_t x_stride, const float* y, std::size_t y_stride,
                         std::size_t length, std::size_t count) {
    if (count == columns) {
      for (; length != 0; --length, x += x_stride, y += y_stride) {
        pixel<true>(x, y, count, cells, down, across);
      }
    } else {
      for (; length != 0; --length, x += x_stride, y += y_stride) {
        pixel<false>(x, y, count, cells, down, across);
      }
    }
  }

  // sum[r][c] += row[r][at + c] * w[c].
  HWY_INLINE void channels(const float* const* row, std::size_t at, const float* w,
                           std::size_t count) {
    const float* x[rows];
    point(x, row, at, down);
    if (count == columns) {
      channel_step<true>(x, w, count, cells, across);
    } else {
      channel_step<false>(x, w, count, cells, across);
    }
  }

  // sum[0][c] += x[p * x_stride + c] * y[p * y_stride + c] for p < length.
  HWY_INLINE void channel_pixels(const float* x, std::size_t x_stride, const float* y,
                                 std::size_t y_stride, std::size_t length, std::size_t count) {
    if (count == columns) {
      for (; length != 0; --length, x += x_stride, y += y_stride) {
        channel_pixel<true>(x, y, count, across);
      }
    } else {
      for (; length != 0; --length, x += x_stride, y += y_stride) {
        channel_pixel<false>(x, y, count, across);
      }
    }
  }

  HWY_INLINE void store(float* to, std::size_t stride = columns) const { store(to, stride, cells); }

 private:
  static constexpr std::make_index_sequence<rows * vectors> cells{};
  static constexpr std::make_index_sequence<rows> down{};
  static constexpr std::make_index_sequence<vectors> across{};

  template <std::size_t... r>
  HWY_INLINE static void point(const float* (&x)[rows], const float* const* row, std::size_t at,
                               std::index_sequence<r...>) {
    ((x[r] = row[r] + at), ...);
  }

  template <bool whole, std::size_t... i, std::size_t... r, std::size_t... v>
  HWY_INLINE void outer_step(const float* (&x)[rows], const float* w, std::size_t count,
                             std::index_sequence<i...>, std::index_sequence<r...>,
                             std::index_sequence<v...>) {
    const float a[] = {core_register(x[r]++)...};
    const Vector b[] = {load<whole>(w, count, v * lanes)...};
    ((sum_[i] = vfmaq_n_f32(sum_[i], b[i % vectors], a[i / vectors])), ...);
  }
  template <bool whole, std::size_t... i, std::size_t... r, std::size_t... v>
  HWY_INLINE void dot_step(const float* (&x)[rows], const float* w, std::size_t stride,
                           uint32x4_t apart, std::size_t count, std::index_sequence<i...>,
                           std::index_sequence<r...>, std::index_sequence<v...>) {
    const float a[] = {core_register(x[r]++)...};
    const Vector b[] = {gather<whole>(w + v * lanes * stride, apart, count, v * lanes)...};
    ((sum_[i] = vfmaq_n_f32(sum_[i], b[i % vectors], a[i / vectors])), ...);
  }
  template <bool whole, std::size_t... i, std::size_t... r, std::size_t... v>
  HWY_INLINE void pixel(const float* x, const float* y, std::size_t count,
                        std::index_sequence<i...>, std::index_sequence<r...>,
                        std::index_sequence<v...>) {
    const float a[] = {core_register(x + r)...};
    const Vector b[] = {load<whole>(y, count, v * lanes)...};
    ((sum_[i] = vfmaq_n_f32(sum_[i], b[i % vectors], a[i / vectors])), ...);
  }
  template <bool whole, std::size_t... i, std::size_t... v>
  HWY_INLINE void channel_step(const float* (&x)[rows], const float* w, std::size_t count,
                               std::index_sequence<i...>, std::index_sequence<v...>) {
    const Vector b[] = {load<whole>(w, count, v * lanes)...};
    ((sum_[i] = vfmaq_f32(sum_[i], load<whole>(x[i / vectors], count, i % vectors * lanes),
                          b[i % vectors])),
     ...);
  }
  template <bool whole, std::size_t... v>
  HWY_INLINE void channel_pixel(const float* x, const float* y, std::size_t count,
                                std::index_sequence<v...>) {
    ((sum_[v] =
          vfmaq_f32(sum_[v], load<whole>(x, count, v * lanes), load<whole>(y, count, v * lanes))),
     ...);
  }
  template <std::size_t... i>
  HWY_INLINE void store(float* to, std::size_t stride, std::index_sequence<i...>) const {
    (vst1q_f32(to + i / vectors * stride + i % vectors * lanes, sum_[i]), ...);
  }

  Vector sum_[rows * vectors] = {};
};

}  // namespace etch::kernels::micro
