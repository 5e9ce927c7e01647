// Pixels in other places on a microcontroller: plain loops. See resample.hpp.
#pragma once
#include <hwy/base.h>
#include <etch/kernels/resample.hpp>

namespace etch::kernels::micro {

// Calls body(row, column, pixel) for each pixel of an output; inlined with a constant kind, so that
// only its rule is in the flash.
template <class Call, class Body>
HWY_INLINE void for_pixels(const Call& a, const Body& body) {
  std::size_t pixel = 0;
  for (std::size_t r = 0; r < a.output.height; ++r) {
    const Sample row = sample(a.how, r, a.before.height, a.input.height, a.output.height);
    for (std::size_t c = 0; c < a.output.width; ++c, ++pixel) {
      body(row, sample(a.how, c, a.before.width, a.input.width, a.output.width), pixel);
    }
  }
}

// The first channel of a pixel of the input.
inline std::size_t pixel_at(const Shape& in, std::size_t row, std::size_t column) {
  return (row * in.width + column) * in.channels;
}

HWY_INLINE void resample(const Resample& a) {
  const std::size_t channels = a.output.channels;
  const bool mixes = a.how >= Sampling::bilinear;
  for (std::size_t n = 0; n < a.batch; ++n) {
    const float* x = a.x + n * a.input.elements();
    float* image = a.y + n * a.output.elements();
    for_pixels(a, [&](const Sample& row, const Sample& column, std::size_t pixel) {
      float* y = image + pixel * channels;
      const bool inside = row.inside && column.inside;
      const float* from = inside ? x + pixel_at(a.input, row.first, column.first) : x;
      if (!mixes) {
        for (std::size_t i = 0; i < channels; ++i) y[i] = inside ? from[i] : 0.0f;
        return;
      }
      const std::size_t right = pixel_at(a.input, 0, column.second - column.first);
      const std::size_t down = pixel_at(a.input, row.second - row.first, 0);
      for (std::size_t i = 0; i < channels; ++i) {
        const float* p = from + i;
        const float top = p[0] + (p[right] - p[0]) * column.weight;
        const float bottom = p[down] + (p[down + right] - p[down]) * column.weight;
        y[i] = top + (bottom - top) * row.weight;
      }
    });
  }
}

HWY_INLINE void resample_gradient(const ResampleGradient& a) {
  const std::size_t channels = a.output.channels;
  const bool mixes = a.how >= Sampling::bilinear;
  for (std::size_t n = 0; n < a.batch; ++n) {
    const float* image = a.dy + n * a.output.elements();
    float* dx = a.dx + n * a.input.elements();
    for (std::size_t i = 0; i < a.input.elements(); ++i) dx[i] = 0;
    for_pixels(a, [&](const Sample& row, const Sample& column, std::size_t pixel) {
      if (!row.inside || !column.inside) return;
      const float* dy = image + pixel * channels;
      float* to = dx + pixel_at(a.input, row.first, column.first);
      if (!mixes) {
        for (std::size_t i = 0; i < channels; ++i) to[i] += dy[i];
        return;
      }
      const std::size_t right = pixel_at(a.input, 0, column.second - column.first);
      const std::size_t down = pixel_at(a.input, row.second - row.first, 0);
      for (std::size_t i = 0; i < channels; ++i) {
        const float bottom = dy[i] * row.weight, top = dy[i] - bottom;
        to[i] += top * (1 - column.weight);
        to[i + right] += top * column.weight;
        to[i + down] += bottom * (1 - column.weight);
        to[i + down + right] += bottom * column.weight;
      }
    });
  }
}

}  // namespace etch::kernels::micro
