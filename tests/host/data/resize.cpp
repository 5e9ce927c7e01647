// Against Pillow 9.4's Image.resize(size, BILINEAR, box) of an image of floats.
#include "data/resize.hpp"

#include <catch2/catch.hpp>

using namespace etch;
using namespace etch::host;

TEST_CASE("Images are scaled as Pillow scales them") {
  std::vector<std::uint8_t> pixels;
  for (unsigned i = 0; i < 35; ++i) pixels.push_back(static_cast<std::uint8_t>(i * 37 + 11));
  const std::vector<float> floats(pixels.begin(), pixels.end());
  struct Case {
    Box box;
    Pair to;
    std::vector<float> expected;
  };
  const std::vector<Case> cases = {
      {{0, 0, 7, 5}, {2, 3}, {127.203f, 114.943f, 118.465f, 137.535f, 141.057f, 128.797f}},
      {{1, 0, 5, 5}, {2, 2}, {132.029f, 124.575f, 131.425f, 123.971f}},
      {{1.25, 0.5, 3, 4},
       {3, 4},
       {196.75f, 137.75f, 78.75f, 83.75f, 125.75f, 162.75f, 199.75f, 140.75f, 86.75f, 91.75f,
        128.75f, 165.75f}},
  };
  for (const Case& c : cases) {
    const Shape shape{1, 7, 5};
    const std::vector<float> y = resized(std::span<const std::uint8_t>(pixels), shape, c.box, c.to);
    CHECK(y == resized(std::span<const float>(floats), shape, c.box, c.to));
    REQUIRE(y.size() == c.expected.size());
    for (std::size_t i = 0; i < y.size(); ++i) CHECK(y[i] == Approx(c.expected[i]).margin(2e-3));
  }
}

TEST_CASE("Channels are scaled apart, and the same size changes nothing") {
  std::vector<float> x(4 * 6 * 3);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>((i * 29) % 64);
  const Shape shape{3, 4, 6};
  CHECK(resized(std::span<const float>(x), shape, {0, 0, 4, 6}, {4, 6}) == x);
  const std::vector<float> y = resized(std::span<const float>(x), shape, {0, 0, 4, 6}, {7, 3});
  for (std::size_t k = 0; k < 3; ++k) {
    std::vector<float> one;
    for (std::size_t i = k; i < x.size(); i += 3) one.push_back(x[i]);
    const std::vector<float> z =
        resized(std::span<const float>(one), {1, 4, 6}, {0, 0, 4, 6}, {7, 3});
    for (std::size_t i = 0; i < z.size(); ++i) CHECK(z[i] == y[3 * i + k]);
  }
}

TEST_CASE("The largest window in the middle has the proportion that is asked for") {
  const auto check = [](Shape from, Pair to, Box expected) {
    const Box box = centred(from, to);
    CHECK(box.top == Approx(expected.top));
    CHECK(box.left == Approx(expected.left));
    CHECK(box.height == Approx(expected.height));
    CHECK(box.width == Approx(expected.width));
  };
  check({3, 100, 200}, {32, 32}, {0, 50, 100, 100});
  check({3, 200, 100}, {32, 32}, {50, 0, 100, 100});
  check({1, 30, 30}, {10, 20}, {7.5, 0, 15, 30});
  check({1, 8, 8}, {64, 64}, {0, 0, 8, 8});
}
