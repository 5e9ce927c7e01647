// Activations, sums, dropout: one number in, one number out.
#pragma once
#include <etch/compiler.hpp>

#include <cstddef>
#include <cstdint>

namespace etch::kernels {

// Of torch.nn, and their constants alpha and beta.
enum class Function : unsigned char {
  relu,
  relu6,
  leaky_relu,  // alpha: negative_slope > 0, so that the sign of y is the sign of x
  sigmoid,
  tanh,
  hardtanh,     // alpha: min_val, beta: max_val
  elu,          // alpha > 0
  hardsigmoid,  // relu6(x + 3) / 6
  hardswish,    // x * hardsigmoid(x)
  silu,         // x * sigmoid(x)
  gelu,         // x * Phi(x), the normal distribution's
  gelu_tanh,    // x * sigmoid(sqrt(8 / pi) * (x + 0.044715 x^3)): GELU(approximate='tanh')
};

// Whose gradient is made from the input; of the others it is made from the output.
constexpr bool needs_input(Function f) { return f >= Function::hardswish; }

// y = f(x). y may be x. Sigmoid, silu, elu and both gelus are within 8 * 2^-24 of y; where x < 0,
// where they raise e to -z < 0, within (8 + z) * 2^-24 of it (gelu_tanh: 8 + 4 z).
struct Activation {
  Function function;
  float alpha;
  std::size_t size, threads;
  const float* x;
  float* y;
  float beta = 0;
};
void activation(const Activation&);

// dx = dy * f'(x). dx may be dy.
struct ActivationGradient {
  Function function;
  float alpha;
  std::size_t size, threads;
  const float* from;  // y, or x: needs_input
  const float* dy;
  float* dx;
  float beta = 0;
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

// y = x - log(sum(exp(x))), in rows of `columns` numbers. y may be x.
void log_softmax(const Softmax&);

// dx = dy - exp(y) * sum(dy). dx may be dy.
void log_softmax_gradient(const SoftmaxGradient&);

}  // namespace etch::kernels

#if defined(ETCH_HEADER_ONLY)
// For programs with globals of one letter.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#include <etch/kernels/elementwise-inl.hpp>
#pragma GCC diagnostic pop
#endif
