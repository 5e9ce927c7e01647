// Cases drawn by lot. Every test runs some with a fixed seed, which are the same for everybody, and
// as many with a fresh one, which Catch2 prints first; `--rng-seed N` draws those again, and
// `--times N` draws so many times more of them.
#pragma once
#include <etch/random.hpp>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdint>

namespace drawn {

inline unsigned times = 1;

// Calls body(random, i), each time with a Generator of its own, for i < count, and then for as long
// as goes_on(i).
template <class Body, class GoesOn>
void for_each_case(unsigned count, const Body& body, const GoesOn& goes_on) {
  const auto draw = [&](std::uint64_t seed, unsigned cases) {
    for (unsigned i = 0; i < cases || goes_on(i); ++i) {
      INFO("seed " << seed << ", case " << i);
      etch::Generator random{etch::mix(seed) + i};
      body(random, i);
    }
  };
  draw(1, count);
  draw(Catch::rngSeed(), count * times);
}
template <class Body>
void for_each_case(unsigned count, const Body& body) {
  for_each_case(count, body, [](unsigned) { return false; });
}

inline std::size_t pick(etch::Generator& random, std::size_t low, std::size_t high) {
  return low + random.below(high - low + 1);
}

// At most `most`; every second time within two of a multiple of some vector's width.
inline std::size_t size(etch::Generator& random, std::size_t most) {
  if (random.below(2) == 0) return pick(random, 1, most);
  const std::size_t width = std::size_t{4} << random.below(4), n = width * pick(random, 1, 4);
  return std::min(most, n + pick(random, 0, 4) - 2);
}

}  // namespace drawn
