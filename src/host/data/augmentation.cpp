// Changes to training samples that leave their targets true.
#include <etch/host/data/augmentation.hpp>

#include "data/resize.hpp"

#include <etch/host/error.hpp>
#include <etch/host/format.hpp>
#include <etch/random.hpp>

#include <algorithm>
#include <charconv>
#include <vector>

namespace etch::host {

namespace {

constexpr const char* there_is = "there are flip, crop=0.8, shift=2 and noise=0.05, or none";

template <class T>
T number_of(std::string_view word, std::string_view value, T low, T high) {
  T number{};
  const auto [at, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error == std::errc{} && at == value.data() + value.size() && number >= low &&
      number <= high) {
    return number;
  }
  throw Error("--augment ", printable(word), ": a number from ", low, " to ", high, " is expected");
}

void read_word(std::string_view word, Augmentation& a) {
  const std::size_t equals = word.find('=');
  const std::string_view name = word.substr(0, equals);
  const std::string_view value = equals == word.npos ? "" : word.substr(equals + 1);
  if (word == "flip") {
    a.flip = true;
  } else if (name == "crop") {
    a.crop = number_of(word, value, 0.1, 1.0);
  } else if (name == "shift") {
    a.shift = number_of<std::size_t>(word, value, 1, 4096);
  } else if (name == "noise") {
    a.noise = number_of(word, value, 0.0, 1e6);
  } else {
    throw Error("--augment ", printable(word), ": ", there_is);
  }
}

// In [0, 1), in steps of 2^-24.
double share_of_one(Generator& random) {
  return static_cast<double>(random.bits() >> 40) * 0x1p-24;
}

void flip(std::span<float> x, Shape s) {
  for (std::size_t r = 0; r < s.height; ++r) {
    for (std::size_t left = 0, right = s.width - 1; left < right; ++left, --right) {
      float* row = &x[r * s.width * s.channels];
      std::swap_ranges(row + left * s.channels, row + (left + 1) * s.channels,
                       row + right * s.channels);
    }
  }
}

void crop(std::span<float> x, Shape s, double least, Generator& random) {
  const double share = least + (1 - least) * share_of_one(random);
  const auto height = static_cast<double>(s.height), width = static_cast<double>(s.width);
  const Box box{.top = share_of_one(random) * (1 - share) * height,
                .left = share_of_one(random) * (1 - share) * width,
                .height = share * height,
                .width = share * width};
  const std::vector<float> from(x.begin(), x.end());
  const std::vector<float> y = resized(std::span(from), s, box, {s.height, s.width});
  std::copy(y.begin(), y.end(), x.begin());
}

// Down and to the right by that much, where it isn't negative.
void shift(std::span<float> x, Shape s, std::ptrdiff_t down, std::ptrdiff_t right) {
  const std::vector<float> from(x.begin(), x.end());
  const auto height = static_cast<std::ptrdiff_t>(s.height);
  const auto width = static_cast<std::ptrdiff_t>(s.width);
  std::fill(x.begin(), x.end(), 0.0f);
  for (std::ptrdiff_t r = std::max<std::ptrdiff_t>(down, 0);
       r < height + std::min<std::ptrdiff_t>(down, 0); ++r) {
    for (std::ptrdiff_t c = std::max<std::ptrdiff_t>(right, 0);
         c < width + std::min<std::ptrdiff_t>(right, 0); ++c) {
      const auto to = static_cast<std::size_t>(r * width + c) * s.channels;
      const auto at = static_cast<std::size_t>((r - down) * width + c - right) * s.channels;
      std::copy_n(&from[at], s.channels, &x[to]);
    }
  }
}

// From -most to most.
std::ptrdiff_t distance(Generator& random, std::size_t most) {
  return static_cast<std::ptrdiff_t>(random.below(2 * most + 1)) -
         static_cast<std::ptrdiff_t>(most);
}

}  // namespace

Augmentation augmentation_from_text(std::string_view text) {
  Augmentation a;
  if (text == "none") return a;
  for (;;) {
    const std::size_t comma = text.find(',');
    read_word(text.substr(0, comma), a);
    if (comma == text.npos) return a;
    text.remove_prefix(comma + 1);
  }
}

void check(const Augmentation& a, Shape shape) {
  const bool moves = a.flip || a.crop < 1 || a.shift > 0;
  if (moves && shape.height == 1 && shape.width == 1) {
    throw Error("--augment: vectors of ", shape.channels,
                " numbers have no sides: only noise can be added to them");
  }
  if (a.shift > 0 && a.shift >= std::max(shape.height, shape.width)) {
    throw Error("--augment shift=", a.shift, ": images of ", shape.height, "x", shape.width,
                " pixels would be gone");
  }
}

void augment(std::span<float> x, Shape shape, const Augmentation& a, Draw draw) {
  if (a == Augmentation{}) return;
  // Seeds of its own: neither the order's nor the first weights'.
  Generator random{mix(mix(mix(draw.seed ^ 0x6175676d656e74) + draw.epoch) + draw.sample)};
  if (a.flip && random.below(2) == 1) flip(x, shape);
  if (a.crop < 1) crop(x, shape, a.crop, random);
  if (a.shift > 0) {
    const std::ptrdiff_t down = distance(random, std::min(a.shift, shape.height - 1));
    shift(x, shape, down, distance(random, std::min(a.shift, shape.width - 1)));
  }
  if (a.noise > 0) {
    for (float& v : x) v += static_cast<float>(a.noise) * random.normal();
  }
}

}  // namespace etch::host
