// The powers of optimizers' bias corrections, and what optimizers are without arguments.
#include <etch/optimizer.hpp>
#include <etch/optimizers/adabound.hpp>
#include <etch/optimizers/adam.hpp>
#include <etch/optimizers/sgd.hpp>

#include <catch2/catch.hpp>

#include <cmath>

using namespace etch;

static_assert(fraction_product(fraction(0.5), fraction(0.25)) == fraction(0.125));
static_assert(fraction_product(~std::uint64_t{0}, ~std::uint64_t{0}) == ~std::uint64_t{1});
static_assert(one_minus_power(fraction(0.5), 1) == 0.5f);
static_assert(one_minus_power(fraction(0.75), 2) == 1 - 0.5625f);
static_assert(one_minus_power(fraction(0.0), 3) == 1.0f);

// PyTorch's, and of AdaBound its authors'.
template <class O>
constexpr bool has_moments(const O& o) {
  return o.lr == 1e-3 && o.betas.first == 0.9 && o.betas.second == 0.999 && o.eps == 1e-8;
}
static_assert(has_moments(Adam{}) && Adam{}.weight_decay == 0);
static_assert(has_moments(AdamW{}) && AdamW{}.weight_decay == 1e-2);
static_assert(has_moments(AdaBound{}) && AdaBound{}.weight_decay == 0);
static_assert(AdaBound{}.final_lr == 0.1 && AdaBound{}.gamma == 1e-3);
static_assert(SGD{}.momentum == 0 && SGD{}.dampening == 0 && SGD{}.weight_decay == 0 &&
              !SGD{}.nesterov);

TEST_CASE("1 - base^exponent is a float's rounding from the truth") {
  for (const double base : {0.1, 0.5, 0.8, 0.9, 0.99, 0.999, 0.9999}) {
    for (std::uint64_t exponent = 1; exponent < 10'000'000; exponent += 1 + exponent / 7) {
      INFO(base << " to the " << exponent);
      const double want = -std::expm1(static_cast<double>(exponent) * std::log(base));
      CHECK(std::abs(one_minus_power(fraction(base), exponent) - want) <= 0x1p-23 * want);
    }
  }
}
