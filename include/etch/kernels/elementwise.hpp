// Activations, sums, dropout: one number in, one number out.
#pragma once
#include <etch/compiler.hpp>

#include <cstddef>
#include <cstdint>

namespace etch::kernels {

enum class Function : unsigned char { relu, relu6, leaky_relu, sigmoid, tanh };

// y = f(x). y may be x.
struct Activation {
  Function function;
  float negative_slope;  // leaky_relu: > 0, so that the sign of y is the sign of x
  std::size_t size, threads;
  const float* x;
  float* y;
};
void activation(const Activation&);

// dx = dy * f'(x), from the output alone. dx may be dy.
struct ActivationGradient {
  Function function;
  float negative_slope;
  std::size_t size, threads;
  const float* y;
  const float* dy;
  float* dx;
};
void activation_gradient(const ActivationGradient&);

// y = a + b. y may be a, or b.
struct Add {
  std::size_t size, threads;
  const float* a;
  const float* b;
  float* y;
};
void add(const Add&);

// y = x / (1 - p) where the element is kept, x * 0 elsewhere; which are kept is a function of key
// and index alone, so the same call on dy gives dx and nothing is saved. y may be x.
struct Dropout {
  float p;  // in [0, 1]
  std::uint64_t key;
  std::size_t size, threads;
  const float* x;
  float* y;
};
void dropout(const Dropout&);

// Softmax over rows of `columns` numbers. y may be x.
struct Softmax {
  std::size_t rows, columns, threads;
  const float* x;
  float* y;
};
void softmax(const Softmax&);

// dx = y * (dy - sum(y * dy)). dx may be dy.
struct SoftmaxGradient {
  std::size_t rows, columns, threads;
  const float* y;
  const float* dy;
  float* dx;
};
void softmax_gradient(const SoftmaxGradient&);

}  // namespace etch::kernels

#if defined(ETCH_HEADER_ONLY)
// For programs with globals of one letter.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#include <etch/kernels/elementwise-inl.hpp>
#pragma GCC diagnostic pop
#endif
