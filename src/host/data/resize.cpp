// Images of another size.
#include "data/resize.hpp"

#include <algorithm>
#include <cmath>

namespace etch::host {

namespace {

// Which pixels along a side make one, and their shares, whose sum is 1.
struct Taps {
  std::size_t first = 0;
  std::vector<float> shares;
};

// As Pillow's precompute_coeffs (src/libImaging/Resample.c) with its triangle.
std::vector<Taps> taps_of(std::size_t length, double begin, double span, std::size_t outputs) {
  const double scale = span / static_cast<double>(outputs), reach = std::max(scale, 1.0);
  std::vector<Taps> all(outputs);
  for (std::size_t o = 0; o < outputs; ++o) {
    const double centre = begin + (static_cast<double>(o) + 0.5) * scale;
    const double first = std::max(std::floor(centre - reach + 0.5), 0.0);
    const double end = std::min(std::floor(centre + reach + 0.5), static_cast<double>(length));
    std::vector<double> shares;
    double sum = 0;
    for (double i = first; i < end; ++i) {
      shares.push_back(std::max(1 - std::abs(i - centre + 0.5) / reach, 0.0));
      sum += shares.back();
    }
    all[o].first = static_cast<std::size_t>(first);
    for (const double share : shares) all[o].shares.push_back(static_cast<float>(share / sum));
  }
  return all;
}

// Rows first: then there are fewer of them.
template <class T>
std::vector<float> scaled(std::span<const T> from, Shape shape, Box box, Pair to) {
  const std::vector<Taps> rows = taps_of(shape.height, box.top, box.height, to.height);
  const std::vector<Taps> columns = taps_of(shape.width, box.left, box.width, to.width);
  const std::size_t channels = shape.channels, row = shape.width * channels;
  std::vector<float> line(row), y(to.area() * channels, 0.0f);
  for (std::size_t r = 0; r < to.height; ++r) {
    std::fill(line.begin(), line.end(), 0.0f);
    for (std::size_t u = 0; u < rows[r].shares.size(); ++u) {
      const T* x = &from[(rows[r].first + u) * row];
      const float share = rows[r].shares[u];
      for (std::size_t i = 0; i < row; ++i) line[i] += share * static_cast<float>(x[i]);
    }
    for (std::size_t c = 0; c < to.width; ++c) {
      float* pixel = &y[(r * to.width + c) * channels];
      for (std::size_t v = 0; v < columns[c].shares.size(); ++v) {
        const float* x = &line[(columns[c].first + v) * channels];
        for (std::size_t k = 0; k < channels; ++k) pixel[k] += columns[c].shares[v] * x[k];
      }
    }
  }
  return y;
}

}  // namespace

Box centred(Shape from, Pair to) {
  const auto height = static_cast<double>(from.height), width = static_cast<double>(from.width);
  const double scale =
      std::min(height / static_cast<double>(to.height), width / static_cast<double>(to.width));
  Box box{.height = scale * static_cast<double>(to.height),
          .width = scale * static_cast<double>(to.width)};
  box.top = (height - box.height) / 2;
  box.left = (width - box.width) / 2;
  return box;
}

std::vector<float> resized(std::span<const std::uint8_t> pixels, Shape from, Box box, Pair to) {
  return scaled(pixels, from, box, to);
}
std::vector<float> resized(std::span<const float> values, Shape from, Box box, Pair to) {
  return scaled(values, from, box, to);
}

}  // namespace etch::host
