// Images of another size: bilinear with antialiasing, as Pillow's and torchvision's.
#pragma once
#include <etch/shape.hpp>

#include <cstdint>
#include <span>
#include <vector>

namespace etch::host {

// A window of an image, in pixels; its corners may lie between them.
struct Box {
  double top = 0, left = 0, height = 0, width = 0;
};

// The largest window in the middle of an image that has the sides' proportion of `to`.
Box centred(Shape from, Pair to);

// The window of an image (H, W, C) scaled to `to`, (to.height, to.width, C). Each pixel is the mean
// of those under a triangle around its place, which where the image shrinks is as much wider
// (Pillow's Image.resize(to, BILINEAR, box)). Bytes give floats from 0 to 255, not rounded.
std::vector<float> resized(std::span<const std::uint8_t> pixels, Shape from, Box box, Pair to);
std::vector<float> resized(std::span<const float> values, Shape from, Box box, Pair to);

}  // namespace etch::host
