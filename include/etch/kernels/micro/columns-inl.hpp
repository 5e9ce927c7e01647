// Sums over rows on a microcontroller. See columns.hpp.
#pragma once
#include <hwy/base.h>
#include <etch/kernels/columns.hpp>

namespace etch::kernels::micro {

// In runs of 64, so that the error stays that of short sums.
inline HWY_NOINLINE void column_sums(const ColumnSums& a) {
  for (std::size_t i = 0; i < a.columns; ++i) {
    const float* x = a.x + i;
    float sum = a.accumulate ? a.sums[i] : 0.0f;
    for (std::size_t row = 0; row < a.rows;) {
      const std::size_t stop = a.rows - row < 64 ? a.rows : row + 64;
      float run = 0;
      for (; row < stop; ++row, x += a.columns) run += *x;
      sum += run;
    }
    a.sums[i] = sum;
  }
}

}  // namespace etch::kernels::micro
