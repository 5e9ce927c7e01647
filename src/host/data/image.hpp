// Images: PNG and JPEG files, by libpng and libjpeg-turbo.
#pragma once
#include <etch/host/data/reading.hpp>

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

namespace etch::host {

struct Image {
  Shape shape;                       // 1 or 3 channels: gray or RGB
  std::vector<std::uint8_t> pixels;  // (H, W, C)
};

// Sides of an image and its pixels, at most: a file of 1 KB may ask for more than memory holds.
inline constexpr std::size_t most_image_side = 16384, most_image_area = std::size_t{1} << 27;

// Reads a PNG or JPEG file: which one, its first bytes say. As Pillow does, transparency is dropped
// and the orientation that a camera noted is ignored; 16 bits are rounded to 8. Throws an Error
// that names the file where it is neither, damaged, cut, too large, or in CMYK.
Image read_image(const std::filesystem::path& path);
// The same of a file's bytes; `name` is for errors.
Image decode_image(std::span<const std::byte> file, const std::string& name);

// Images of one shape after the other, (N, H, W, C), with the channels and the size that `reading`
// asks for. Gray is ITU-R 601-2 luma, as Pillow's; nothing is done where it asks for nothing.
Image fitted(Image image, const Reading& reading);
// The same of floats.
struct FloatImage {
  Shape shape;
  std::vector<float> values;
};
FloatImage fitted(FloatImage image, const Reading& reading);

}  // namespace etch::host
