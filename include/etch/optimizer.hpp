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
  float lr;
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

// The high half of a product: a * b in units of 2^-64.
constexpr std::uint64_t fraction_product(std::uint64_t a, std::uint64_t b) {
  constexpr std::uint64_t low = 0xffffffff;
  const std::uint64_t cross = (a >> 32) * (b & low) + ((a & low) * (b & low) >> 32);
  const std::uint64_t other = (a & low) * (b >> 32) + (cross & low);
  return (a >> 32) * (b >> 32) + (cross >> 32) + (other >> 32);
}
// A number in [0, 1) in units of 2^-64.
constexpr std::uint64_t fraction(double x) { return static_cast<std::uint64_t>(x * 0x1p64); }

// 1 - base^exponent, exponent > 0, by squaring in integers: as exact as in double, and neither code
// nor time for doubles on cores whose FPU has none. The same bits whether training was resumed or
// not. Cold: once a step, and small.
[[gnu::cold, gnu::noinline]] constexpr float one_minus_power(std::uint64_t base,
                                                             std::uint64_t exponent) {
  std::uint64_t power = ~std::uint64_t{0};
  for (; exponent != 0; exponent >>= 1, base = fraction_product(base, base)) {
    if (exponent & 1) power = fraction_product(power, base);
  }
  const std::uint64_t rest = ~power;
  return static_cast<float>(static_cast<std::uint32_t>(rest >> 32)) * 0x1p-32f +
         static_cast<float>(static_cast<std::uint32_t>(rest)) * 0x1p-64f;
}

}  // namespace etch
