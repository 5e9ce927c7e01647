// ReLU with slopes that are learned.
#pragma once
#include <etch/compiler.hpp>

#include <cstddef>

namespace etch::kernels {

// y = x where x > 0, else slope * x, of (rows, columns); a slope a column, or one for all. y may
// be x.
struct Prelu {
  std::size_t rows, columns, threads;
  bool one_slope;
  const float* x;
  const float* slope;
  float* y;
};
void prelu(const Prelu&);

// dx = dy where x > 0, else slope * dy; dslope = the sum of x * dy where x isn't > 0. dx may be dy.
struct PreluGradient {
  std::size_t rows, columns, threads;
  bool one_slope;
  const float* x;
  const float* slope;
  const float* dy;
  float* dx;        // null: nobody wants it
  float* dslope;    // null: nobody wants it
  bool accumulate;  // dslope += instead of =
};
void prelu_gradient(const PreluGradient&);

}  // namespace etch::kernels

#if defined(ETCH_HEADER_ONLY)
// For programs with globals of one letter.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#include <etch/kernels/prelu-inl.hpp>
#pragma GCC diagnostic pop
#endif
