// What an optimizer is: a structural value that moves parameters against their gradients.
#pragma once
#include <etch/kernels/optimizer.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>

namespace etch {

// One move of `size` parameters that lie together. An optimizer's state is `states()` arrays as
// long as all parameters that learn; state + k * stride is where the k-th is for these.
struct OptimizerCall {
  std::size_t size, threads;
  std::uint64_t step;  // counted from 1
  double lr;
  float* parameters;
  const float* gradients;
  float* state;
  std::size_t stride;
};

template <class T>
concept Optimizer = requires(const T optimizer, const OptimizerCall& call) {
  optimizer(call);
  { optimizer.lr } -> std::convertible_to<double>;
  { optimizer.states() } -> std::same_as<std::size_t>;
};

// base^exponent by squaring: the same bits whether training was resumed or not.
constexpr double power(double base, std::uint64_t exponent) {
  double result = 1;
  for (; exponent != 0; exponent >>= 1, base *= base) {
    if (exponent & 1) result *= base;
  }
  return result;
}

}  // namespace etch
