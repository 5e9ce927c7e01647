// Sums over the rows of (rows, columns).
#pragma once
#include <etch/compiler.hpp>

#include <cstddef>

namespace etch::kernels {

// sums = the sum of each column of x, or sums += it.
struct ColumnSums {
  std::size_t rows, columns, threads;
  const float* x;
  float* sums;
  bool accumulate;
};
void column_sums(const ColumnSums&);

}  // namespace etch::kernels

#if defined(ETCH_HEADER_ONLY)
// For programs with globals of one letter.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#include <etch/kernels/columns-inl.hpp>
#pragma GCC diagnostic pop
#endif
