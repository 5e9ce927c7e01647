// IEEE 754 half precision, as weights may be stored in.
#pragma once
#include <bit>
#include <cmath>
#include <cstdint>

namespace etch::host {

inline float float_of_half(std::uint16_t h) {
  const int exponent = h >> 10 & 31;
  const int fraction = h & 1023;
  const float sign = h & 0x8000 ? -1.0f : 1.0f;
  if (exponent == 31) {
    return std::bit_cast<float>((h & 0x8000u) << 16 | 0x7f800000u |
                                static_cast<std::uint32_t>(fraction) << 13);
  }
  if (exponent == 0) return sign * std::ldexp(static_cast<float>(fraction), -24);
  return sign * std::ldexp(static_cast<float>(fraction + 1024), exponent - 25);
}

}  // namespace etch::host
