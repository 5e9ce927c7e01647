// Random numbers that are the same on every platform: no library function that rounds
// differently, and no multiply-add that a compiler may or may not contract.
#pragma once
#include <etch/compiler.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>

namespace etch {

// SplitMix64's finaliser (Steele, Lea, Flood 2014): close numbers share no pattern of bits.
// Not inline: firmware has its code once, and loops around it keep their registers.
[[gnu::noinline]] constexpr std::uint64_t spread_bits(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

// SplitMix64's step: 2^64 divided by the golden ratio, made odd.
inline constexpr std::uint64_t golden_gamma = 0x9e3779b97f4a7c15u;
// 64 bits to 64 well mixed bits: SplitMix64's first number for the seed x.
constexpr std::uint64_t mix(std::uint64_t x) { return spread_bits(x + golden_gamma); }

// A sequence that is a function of its seed; its whole state is the two numbers.
struct Generator {
  std::uint64_t seed = 0, drawn = 0;  // `drawn`: how many numbers so far

  // The next 64 bits.
  constexpr std::uint64_t bits() { return mix(mix(seed) + drawn++); }

  // In [0, n), n > 0, by the high half of a product (Lemire 2019; a bias of n / 2^32 stays).
  constexpr std::size_t below(std::size_t n) {
    return static_cast<std::size_t>(((bits() >> 32) * n) >> 32);
  }

  // In [-1, 1), in steps of 2^-23: exact, no rounding.
  constexpr float uniform() {
    return static_cast<float>(static_cast<std::int32_t>(bits() >> 40) - (1 << 23)) * 0x1p-23f;
  }

  // Mean 0, variance 1: Marsaglia's polar method (1964).
  float normal() {
    for (;;) {
      const auto u = static_cast<double>(uniform()), v = static_cast<double>(uniform());
      const double s = product(u, u) + product(v, v);
      if (s > 0 && s < 1) return static_cast<float>(u * std::sqrt(-2 * logarithm(s) / s));
    }
  }

 private:
  // Rounded on its own: never one half of a fused multiply-add.
  static double product(double a, double b) {
    const volatile double p = a * b;
    return p;
  }

  // ln x for x in (0, 1], within 1e-12: x = m 2^e, ln m = 2 artanh((m - 1) / (m + 1)).
  static double logarithm(double x) {
    double e = 0;
    for (; x < 0.75; x *= 2) e -= 1;
    const double t = (x - 1) / (x + 1), tt = product(t, t);
    double sum = 0;
    for (int k = 13; k >= 1; k -= 2) sum = 1.0 / k + product(tt, sum);
    return product(2 * t, sum) + product(e, 0.69314718055994530942);
  }
};

}  // namespace etch
