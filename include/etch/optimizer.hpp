// What an optimizer is: a structural value that moves parameters against their gradients.
#pragma once
#include <etch/kernels/optimizer.hpp>
#include <etch/parameter_tensor.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>

namespace etch {

// One move of `size` parameters that lie together. An optimizer's state is `states()` arrays as
// long as all parameters that learn; state + k * stride is where the k-th is for these.
struct OptimizerCall {
  std::size_t size, threads;  // `size` numbers, on at most `threads` threads
  std::uint64_t step;         // counted from 1
  float lr;                   // of this step
  float* parameters;          // to be moved
  const float* gradients;     // as many
  float* state;               // 0 before the first step; null where states() is 0
  std::size_t stride;         // floats from one array of state to the next
};

// An optimizer that is called once a tensor, with the number that it gave the tensor in the
// compiler: to treat biases and norms, or the tensors of some layers, otherwise. See
// optimizers/parameter_groups.hpp.
template <class T>
concept GroupedOptimizer = requires(const T optimizer, const OptimizerCall& call,
                                    const ParameterTensor& tensor) {
  { optimizer.group_of(tensor) } -> std::same_as<int>;
  optimizer(call, int{});
};
// An optimizer that is called for as many tensors at once as there are.
template <class T>
concept FlatOptimizer = requires(const T optimizer, const OptimizerCall& call) {
  optimizer(call);
};

// A structural value with the learning rate to begin with, and the number of its arrays of state,
// as optimizers/sgd.hpp. It must move each parameter by its own numbers alone, in any order: then
// threads and Update::fused change no bit.
template <class T>
concept Optimizer = (FlatOptimizer<T> || GroupedOptimizer<T>)&&requires(const T optimizer) {
  { optimizer.lr } -> std::convertible_to<double>;
  { optimizer.states() } -> std::same_as<std::size_t>;
};

// Internal: what no optimizer takes, nor does PyTorch: NaN isn't at least 0 either.
template <auto o>
constexpr bool check_optimizer() {
  static_assert(o.lr >= 0, "Optimizer: lr must be at least 0");
  if constexpr (requires { o.weight_decay; }) {
    static_assert(o.weight_decay >= 0, "Optimizer: weight_decay must be at least 0");
  }
  if constexpr (requires { o.momentum; }) {
    static_assert(o.momentum >= 0, "Optimizer: momentum must be at least 0");
  }
  if constexpr (requires { o.nesterov; }) {
    static_assert(!o.nesterov || (o.momentum > 0 && o.dampening == 0),
                  "Optimizer: nesterov needs a momentum, and no dampening");
  }
  if constexpr (requires { o.final_lr; }) {
    static_assert(o.lr > 0 && o.final_lr >= 0,
                  "Optimizer: lr must be above 0, since final_lr, at least 0, follows it");
  }
  if constexpr (requires { o.betas; }) {
    static_assert(o.betas.first >= 0 && o.betas.second >= 0, "Optimizer: betas must be at least 0");
    static_assert(o.betas.first < 1 && o.betas.second < 1, "Optimizer: betas must be below 1");
    static_assert(o.eps >= 0, "Optimizer: eps must be at least 0");
  }
  return true;
}

// Internal: the high half of a product: a * b in units of 2^-64.
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
