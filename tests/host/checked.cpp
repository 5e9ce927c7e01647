// Numbers of files neither wrap around nor pass their limits.
#include "checked.hpp"

#include <catch2/catch.hpp>

using namespace etch::host;

TEST_CASE("Sizes, products and sums of a file's numbers are exact or refused") {
  constexpr std::size_t half = std::size_t{1} << (sizeof(std::size_t) * 4);
  CHECK(checked_size(7, "n") == 7);
  CHECK(checked_size(std::int64_t{7}, "n", 7) == 7);
  CHECK_THROWS_WITH(checked_size(-1, "n", 7), "n is -1, but 0 to 7 is expected");
  CHECK_THROWS_WITH(checked_size(8u, "n", 7), "n is 8, but 0 to 7 is expected");
  CHECK_THROWS_AS(checked_size(~std::size_t{0}, "n"), Error);
  CHECK(checked_product({2, 3, 0, half, half}, "size") == 0);
  CHECK(checked_product({2, 3, 4}, "size", 24) == 24);
  CHECK(checked_product({}, "size") == 1);
  CHECK_THROWS_WITH(checked_product({2, 3, 4}, "size", 23), "size is more than 23");
  CHECK_THROWS_AS(checked_product({half, half}, "size"), Error);
  CHECK_THROWS_AS(checked_product({half, half, 1}, "size"), Error);
  CHECK(checked_sum(3, 4, "end", 7) == 7);
  CHECK_THROWS_WITH(checked_sum(3, 5, "end", 7), "end is more than 7");
  CHECK_THROWS_AS(checked_sum(~std::size_t{0}, 1, "end"), Error);
}

static int descend(int levels, const Depth& outer) {
  const Depth depth(outer, "it");
  return levels == 0 ? 0 : 1 + descend(levels - 1, depth);
}

TEST_CASE("What is nested too deep is refused") {
  CHECK(descend(Depth::most - 1, {}) == Depth::most - 1);
  CHECK_THROWS_WITH(descend(Depth::most, {}), "it is nested deeper than 200 levels");
}
