// A tile of sums in the registers of a microcontroller's FPU, and the loops that add products to
// it. Sums are an array with constant indices only (index sequences), which the
// compiler then keeps in registers at any optimisation level.
//
// Loops aren't unrolled: on a Cortex-M4 the step of 4 x 4 products is 27 instructions (16
// multiply-adds, 4 loads, 4 loads that move their pointer, 3 for the loop). Four steps at once were
// 28 each, as the compiler then moves pointers apart from the loads, and twice the code.
#pragma once
#include <hwy/base.h>
#include <etch/kernels/advance.hpp>
#include <etch/kernels/micro/shapes.hpp>

#include <cstddef>
#include <utility>

namespace etch::kernels::micro {

// 4 x 4 sums and eight factors fill 24 of 32 registers, and nine pointers the core's own. In small
// code tall tiles serve two rows, and in a gradient to the input one row; gradients to weights have
// tall tiles or one row.
inline constexpr std::size_t most_rows = 4;
inline constexpr Block tall{4, 4}, single{1, 8}, gradient_line{1, 4};
inline constexpr Shapes forward_shapes{tall, small_code ? tall : Block{2, 4}, single, {4, 1}};
inline constexpr Shapes backward_shapes{
    tall, small_code ? tall : Block{2, 4}, small_code ? tall : single, {4, 1}};
inline constexpr Shapes gradient_shapes{
    tall, small_code ? gradient_line : Block{2, 4}, small_code ? gradient_line : single, {1, 1}};
// Columns are channels.
inline constexpr Shapes depthwise_shapes{tall, tall, single, {4, 1}};
inline constexpr Block depthwise_gradient = single, depthwise_gradient_narrow{1, 1};
// Columns that are left at the end are done with some before them, which are not stored again.
inline constexpr bool overlaps = true;

template <Block block>
class Sums {
  static constexpr std::size_t rows = block.rows, columns = block.columns;

 public:
  static constexpr std::size_t size = rows * columns;

  // sum[r][c] += row[r][k] * w[k * stride + c] for k < count.
  HWY_INLINE void outer(const float* const* row, const float* w, std::size_t stride,
                        std::size_t count, std::size_t) {
    const float* x[rows];
    point(x, row, 0, down);
    for (; count != 0; --count, w += stride) outer_step(x, w, cells, down, across);
  }

  // sum[r][c] += row[r][at + k] * w[c * stride + k] for k < count.
  HWY_INLINE void dot(const float* const* row, std::size_t at, const float* w, std::size_t stride,
                      std::size_t count, std::size_t) {
    const float *x[rows], *column[columns];
    point(x, row, at, down);
    spread(column, w, stride, across);
    for (; count != 0; --count) dot_step(x, column, cells, down, across);
  }

  // sum[r][c] += x[p * x_stride + r] * y[p * y_stride + c] for p < count.
  HWY_INLINE void pixels(const float* x, std::size_t x_stride, const float* y, std::size_t y_stride,
                         std::size_t count, std::size_t) {
    for (; count != 0; --count, advance(x, x_stride), y += y_stride) {
      pixel(x, y, cells, down, across);
    }
  }

  // sum[r][c] += row[r][at + c] * w[c].
  HWY_INLINE void channels(const float* const* row, std::size_t at, const float* w, std::size_t) {
    const float* x[rows];
    point(x, row, at, down);
    channel_step(x, w, cells, across);
  }

  // sum[0][c] += x[p * x_stride + c] * y[p * y_stride + c] for p < count.
  HWY_INLINE void channel_pixels(const float* x, std::size_t x_stride, const float* y,
                                 std::size_t y_stride, std::size_t count, std::size_t) {
    for (; count != 0; --count, x += x_stride, y += y_stride) channel_pixel(x, y, across);
  }

  HWY_INLINE void store(float* to, std::size_t stride = columns) const { store(to, stride, down); }

 private:
  static constexpr std::make_index_sequence<rows * columns> cells{};
  static constexpr std::make_index_sequence<rows> down{};
  static constexpr std::make_index_sequence<columns> across{};

  template <std::size_t... r>
  HWY_INLINE static void point(const float* (&x)[rows], const float* const* row, std::size_t at,
                               std::index_sequence<r...>) {
    ((x[r] = row[r] + at), ...);
  }
  template <std::size_t... c>
  HWY_INLINE static void spread(const float* (&column)[columns], const float* w, std::size_t stride,
                                std::index_sequence<c...>) {
    ((column[c] = w + c * stride), ...);
  }

  template <std::size_t... i, std::size_t... r, std::size_t... c>
  HWY_INLINE void outer_step(const float* (&x)[rows], const float* w, std::index_sequence<i...>,
                             std::index_sequence<r...>, std::index_sequence<c...>) {
    const float a[] = {*x[r]++...}, b[] = {w[c]...};
    ((sum_[i] += a[i / columns] * b[i % columns]), ...);
  }
  template <std::size_t... i, std::size_t... r, std::size_t... c>
  HWY_INLINE void dot_step(const float* (&x)[rows], const float* (&column)[columns],
                           std::index_sequence<i...>, std::index_sequence<r...>,
                           std::index_sequence<c...>) {
    const float a[] = {*x[r]++...}, b[] = {*column[c]++...};
    ((sum_[i] += a[i / columns] * b[i % columns]), ...);
  }
  template <std::size_t... i, std::size_t... r, std::size_t... c>
  HWY_INLINE void pixel(const float* x, const float* y, std::index_sequence<i...>,
                        std::index_sequence<r...>, std::index_sequence<c...>) {
    const float a[] = {x[r]...}, b[] = {y[c]...};
    ((sum_[i] += a[i / columns] * b[i % columns]), ...);
  }
  template <std::size_t... i, std::size_t... c>
  HWY_INLINE void channel_step(const float* (&x)[rows], const float* w, std::index_sequence<i...>,
                               std::index_sequence<c...>) {
    const float b[] = {w[c]...};
    ((sum_[i] += x[i / columns][i % columns] * b[i % columns]), ...);
  }
  template <std::size_t... c>
  HWY_INLINE void channel_pixel(const float* x, const float* y, std::index_sequence<c...>) {
    ((sum_[c] += x[c] * y[c]), ...);
  }
  template <std::size_t... r>
  HWY_INLINE void store(float* to, std::size_t stride, std::index_sequence<r...>) const {
    (store_row<r>(to + r * stride, across), ...);
  }
  template <std::size_t r, std::size_t... c>
  HWY_INLINE void store_row(float* to, std::index_sequence<c...>) const {
    ((to[c] = sum_[r * columns + c]), ...);
  }

  float sum_[rows * columns] = {};
};

}  // namespace etch::kernels::micro
