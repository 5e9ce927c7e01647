// (x - mean) / std of each channel.
#include <etch/host/data/normalization.hpp>

#include <etch/host/error.hpp>

#include <catch2/catch.hpp>

using namespace etch::host;

TEST_CASE("Each channel has its mean and std, or all the same, or none") {
  const std::vector<float> x{1, 10, 3, 30};
  const auto applied = [&](const Normalization& n) {
    std::vector<float> y = x;
    n.apply(y);
    return y;
  };
  CHECK(applied({}) == x);
  CHECK(applied({{1, 10}, {2, 20}}) == std::vector<float>{0, 0, 1, 1});
  CHECK(applied({{1}, {3}}) == std::vector<float>{0, 3, 2.0f / 3, 29.0f / 3});
}

TEST_CASE("A normalization that doesn't fit is refused") {
  CHECK_NOTHROW(check(Normalization{}, 3));
  CHECK_NOTHROW(check(Normalization{{0}, {1}}, 3));
  CHECK_NOTHROW(check(Normalization{{0, 0, 0}, {1, 1, 1}}, 3));
  CHECK_THROWS_WITH(
      check(Normalization{{0, 0}, {1, 1}}, 3),
      "there are 2 means for data of 3 channels: one for each is expected, or one for all");
  CHECK_THROWS_WITH(check(Normalization{{0, 0}, {1}}, 2),
                    "the mean has 2 and the std 1 numbers: as many are expected");
  CHECK_THROWS_WITH(check(Normalization{{0}, {0}}, 1), "std 0 of channel 0: must be more than 0");
  CHECK_THROWS_WITH(check(Normalization{{0}, {-1}}, 1), "std -1 of channel 0: must be more than 0");
}
