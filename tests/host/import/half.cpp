// IEEE 754 half precision: https://en.wikipedia.org/wiki/Half-precision_floating-point_format
#include "import/half.hpp"

#include <catch2/catch.hpp>

#include <limits>

using namespace etch::host;

TEST_CASE("Half precision") {
  CHECK(float_of_half(0x3c00) == 1.0f);
  CHECK(float_of_half(0xc100) == -2.5f);
  CHECK(float_of_half(0x7bff) == 65504.0f);
  CHECK(float_of_half(0x0400) == 0x1p-14f);  // the smallest that is normal
  CHECK(float_of_half(0x03ff) == 0x1p-14f - 0x1p-24f);
  CHECK(float_of_half(0x8001) == -0x1p-24f);
  CHECK(std::signbit(float_of_half(0x8000)));
  CHECK(float_of_half(0xfc00) == -std::numeric_limits<float>::infinity());
  CHECK(std::isnan(float_of_half(0x7e00)));
}
