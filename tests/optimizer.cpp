// The powers of optimizers' bias corrections.
#include <etch/optimizer.hpp>

#include <catch2/catch.hpp>

#include <cmath>

using namespace etch;

static_assert(fraction_product(fraction(0.5), fraction(0.25)) == fraction(0.125));
static_assert(fraction_product(~std::uint64_t{0}, ~std::uint64_t{0}) == ~std::uint64_t{1});
static_assert(one_minus_power(fraction(0.5), 1) == 0.5f);
static_assert(one_minus_power(fraction(0.75), 2) == 1 - 0.5625f);
static_assert(one_minus_power(fraction(0.0), 3) == 1.0f);

TEST_CASE("1 - base^exponent is a float's rounding from the truth") {
  for (const double base : {0.1, 0.5, 0.8, 0.9, 0.99, 0.999, 0.9999}) {
    for (std::uint64_t exponent = 1; exponent < 10'000'000; exponent += 1 + exponent / 7) {
      INFO(base << " to the " << exponent);
      const double want = -std::expm1(static_cast<double>(exponent) * std::log(base));
      CHECK(std::abs(one_minus_power(fraction(base), exponent) - want) <= 0x1p-23 * want);
    }
  }
}
