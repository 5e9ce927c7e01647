// Changes to training samples: what they do, and that they are a function of seed, epoch and
// sample.
#include <etch/host/data/augmentation.hpp>

#include <etch/host/error.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

using namespace etch;
using namespace etch::host;
using Catch::Contains;

namespace {

const Shape shape{2, 5, 7};

std::vector<float> ramp(Shape s = shape) {
  std::vector<float> x(s.elements());
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i + 1);
  return x;
}

std::vector<float> changed(const Augmentation& a, Draw draw, Shape s = shape) {
  std::vector<float> x = ramp(s);
  augment(x, s, a, draw);
  return x;
}

float at(const std::vector<float>& x, std::ptrdiff_t r, std::ptrdiff_t c, std::size_t k) {
  if (r < 0 || c < 0 || r >= 5 || c >= 7) return 0;
  return x[static_cast<std::size_t>(r * 7 + c) * 2 + k];
}

}  // namespace

TEST_CASE("The words for it, and those that aren't") {
  CHECK(augmentation_from_text("none") == Augmentation{});
  CHECK(augmentation_from_text("flip,crop=0.75,shift=3,noise=0.5") ==
        Augmentation{.flip = true, .crop = 0.75, .shift = 3, .noise = 0.5});
  CHECK_THROWS_WITH(augmentation_from_text("rotate"),
                    "--augment rotate: there are flip, crop=0.8, shift=2 and noise=0.05, or none");
  for (const char* wrong : {"", "flip=1", "flip,", "shift", "shift=0", "shift=-1", "shift=1.5",
                            "crop=0", "crop=2", "noise=x", "noise=nan", "none,flip"}) {
    INFO(wrong);
    CHECK_THROWS_WITH(augmentation_from_text(wrong), Catch::StartsWith("--augment "));
  }
}

TEST_CASE("Samples that have no sides can't be moved") {
  CHECK_NOTHROW(check({.noise = 1}, {9}));
  CHECK_THROWS_WITH(check({.flip = true}, {9}), Contains("vectors of 9 numbers have no sides"));
  CHECK_THROWS_WITH(check({.crop = 0.5}, {9}), Contains("no sides"));
  CHECK_THROWS_WITH(check({.shift = 7}, shape),
                    Contains("--augment shift=7: images of 5x7 pixels"));
  CHECK_NOTHROW(check({.shift = 6}, shape));
}

TEST_CASE("What is drawn is a function of seed, epoch and sample") {
  const Augmentation a{.flip = true, .crop = 0.5, .shift = 2, .noise = 0.1};
  const std::vector<float> x = changed(a, {1, 2, 3});
  CHECK(changed(a, {1, 2, 3}) == x);
  CHECK(changed(a, {2, 2, 3}) != x);
  CHECK(changed(a, {1, 3, 3}) != x);
  CHECK(changed(a, {1, 2, 4}) != x);
  CHECK(changed({}, {1, 2, 3}) == ramp());
}

TEST_CASE("A flip turns left and right around, every other time") {
  std::size_t flipped = 0;
  for (std::uint64_t sample = 0; sample < 400; ++sample) {
    const std::vector<float> x = ramp(), y = changed({.flip = true}, {0, 0, sample});
    if (y == x) continue;
    ++flipped;
    for (std::ptrdiff_t r = 0; r < 5; ++r) {
      for (std::ptrdiff_t c = 0; c < 7; ++c) {
        for (std::size_t k = 0; k < 2; ++k) CHECK(at(y, r, c, k) == at(x, r, 6 - c, k));
      }
    }
  }
  CHECK(flipped > 160);
  CHECK(flipped < 240);
}

TEST_CASE("A shift is one of the moves there are, and zeros come in") {
  std::set<std::pair<std::ptrdiff_t, std::ptrdiff_t>> seen;
  const std::vector<float> x = ramp();
  const auto is_moved = [&](const std::vector<float>& y, std::ptrdiff_t down,
                            std::ptrdiff_t right) {
    for (std::ptrdiff_t r = 0; r < 5; ++r) {
      for (std::ptrdiff_t c = 0; c < 7; ++c) {
        if (at(y, r, c, 1) != at(x, r - down, c - right, 1)) return false;
      }
    }
    return true;
  };
  for (std::uint64_t sample = 0; sample < 300; ++sample) {
    const std::vector<float> y = changed({.shift = 2}, {0, 0, sample});
    std::size_t fits = 0;
    for (std::ptrdiff_t down = -2; down <= 2; ++down) {
      for (std::ptrdiff_t right = -2; right <= 2; ++right) {
        if (!is_moved(y, down, right)) continue;
        ++fits;
        seen.emplace(down, right);
      }
    }
    CHECK(fits == 1);
  }
  CHECK(seen.size() == 25);
}

TEST_CASE("A shift of a row goes to the sides alone") {
  const Shape row{1, 1, 6};
  for (std::uint64_t sample = 0; sample < 50; ++sample) {
    const std::vector<float> y = changed({.shift = 3}, {0, 0, sample}, row);
    CHECK(std::count(y.begin(), y.end(), 0.0f) <= 3);
  }
}

TEST_CASE("A crop stays within what was there, and of a flat image changes nothing") {
  std::set<float> corners;
  for (std::uint64_t sample = 0; sample < 100; ++sample) {
    const std::vector<float> y = changed({.crop = 0.6}, {0, 0, sample});
    const auto [least, most] = std::minmax_element(y.begin(), y.end());
    CHECK(*least >= 0.999f);
    CHECK(*most <= 70.001f);
    corners.insert(y[0]);
    std::vector<float> flat(shape.elements(), 3.0f);
    augment(flat, shape, {.crop = 0.6}, {0, 0, sample});
    for (const float v : flat) CHECK(v == Approx(3));
  }
  CHECK(corners.size() > 50);
}

TEST_CASE("Noise has the standard deviation that is asked for") {
  double sum = 0, squares = 0, count = 0;
  const std::vector<float> x = ramp();
  for (std::uint64_t sample = 0; sample < 300; ++sample) {
    const std::vector<float> y = changed({.noise = 0.5}, {0, 0, sample});
    for (std::size_t i = 0; i < x.size(); ++i, ++count) {
      const double d = static_cast<double>(y[i] - x[i]);
      sum += d;
      squares += d * d;
    }
  }
  CHECK(std::abs(sum / count) < 0.015);
  CHECK(std::sqrt(squares / count) == Approx(0.5).epsilon(0.03));
}
