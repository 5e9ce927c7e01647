// Arrays of samples, brought into the order and the shape that is asked for.
#include "data/layout.hpp"

#include "data/image.hpp"

#include <etch/host/error.hpp>

namespace etch::host {

namespace {

bool changes(Shape shape, const Reading& r) {
  const std::size_t channels = r.color == Color::as_is  ? shape.channels
                               : r.color == Color::gray ? 1
                                                        : 3;
  return channels != shape.channels || (r.size && *r.size != Pair{shape.height, shape.width});
}

// Sample by sample; returns their shape, which is the same of all.
template <class One, class T>
Shape fit_each(std::vector<T>& samples, Shape shape, const Reading& reading,
               std::vector<T> One::*field) {
  const std::size_t n = shape.elements();
  std::vector<T> all;
  Shape to = shape;
  for (auto at = samples.begin(); at != samples.end(); at += static_cast<std::ptrdiff_t>(n)) {
    const One one = fitted(One{shape, {at, at + static_cast<std::ptrdiff_t>(n)}}, reading);
    to = one.shape;
    all.insert(all.end(), (one.*field).begin(), (one.*field).end());
  }
  samples = std::move(all);
  return to;
}

}  // namespace

Dataset fitted(Dataset data, const Reading& reading) {
  const bool is_vector = data.shape.height == 1 && data.shape.width == 1;
  if (is_vector && (reading.size || reading.color != Color::as_is)) {
    throw Error(data.origin, ": holds vectors of ", data.shape.channels,
                " numbers, but --resize and --color are for images");
  }
  if (!changes(data.shape, reading)) return data;
  data.shape = data.pixels.empty() ? fit_each(data.values, data.shape, reading, &FloatImage::values)
                                   : fit_each(data.pixels, data.shape, reading, &Image::pixels);
  return data;
}

}  // namespace etch::host
