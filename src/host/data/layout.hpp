// Arrays of samples, brought into the order (N, H, W, C).
#pragma once
#include <etch/host/data/dataset.hpp>
#include <etch/host/data/reading.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace etch::host {

// Of the sizes behind the count of samples: none is one number, (F) a vector, (H, W) a gray image,
// (H, W, C) or (C, H, W) one of several channels.
inline Shape sample_shape(std::span<const std::size_t> sizes, Layout layout) {
  switch (sizes.size()) {
    case 0:
      return {1};
    case 1:
      return {sizes[0]};
    case 2:
      return {1, sizes[0], sizes[1]};
    default:
      return layout == Layout::nhwc ? Shape{sizes[2], sizes[0], sizes[1]}
                                    : Shape{sizes[0], sizes[1], sizes[2]};
  }
}

// Samples of a shape from (N, C, H, W) to (N, H, W, C), in place; those in NHWC stay.
template <class T>
void to_nhwc(std::vector<T>& samples, Shape shape, Layout layout) {
  const std::size_t n = shape.elements(), pixels = shape.height * shape.width;
  if (layout == Layout::nhwc || shape.channels == 1 || n == 0) return;
  std::vector<T> sample(n);
  for (std::size_t at = 0; at + n <= samples.size(); at += n) {
    std::copy_n(samples.begin() + static_cast<std::ptrdiff_t>(at), n, sample.begin());
    for (std::size_t i = 0; i < n; ++i) {
      samples[at + i] = sample[i % shape.channels * pixels + i / shape.channels];
    }
  }
}

// All samples with the channels and the size that `reading` asks for, as `fitted` of an image.
// Throws an Error where that is asked of vectors.
Dataset fitted(Dataset data, const Reading& reading);

}  // namespace etch::host
