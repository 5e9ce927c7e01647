// PNG and JPEG files.
#include "data/image.hpp"

#include "data/resize.hpp"

#include <etch/host/error.hpp>
#include <etch/host/file.hpp>

#include <png.h>
#include <turbojpeg.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>

namespace etch::host {

namespace {

constexpr std::array<unsigned char, 4> png_begin{0x89, 'P', 'N', 'G'};
constexpr std::array<unsigned char, 3> jpeg_begin{0xff, 0xd8, 0xff};

bool begins_with(std::span<const std::byte> file, std::span<const unsigned char> begin) {
  return file.size() >= begin.size() &&
         std::equal(begin.begin(), begin.end(), file.begin(),
                    [](unsigned char a, std::byte b) { return std::byte{a} == b; });
}

// Before there is any memory for it.
void check_size(const std::string& name, std::size_t height, std::size_t width) {
  if (height >= 1 && width >= 1 && height <= most_image_side && width <= most_image_side &&
      height * width <= most_image_area) {
    return;
  }
  throw Error(name, ": an image of ", height, "x", width, " pixels, but 1 to ", most_image_side,
              " a side, and at most ", most_image_area, " in all, are expected");
}

// Channels `kept` of `all` of every pixel.
void drop_alpha(Image& image, std::size_t all) {
  std::size_t to = 0;
  for (std::size_t at = 0; at < image.pixels.size(); at += all) {
    for (std::size_t c = 0; c < image.shape.channels; ++c)
      image.pixels[to++] = image.pixels[at + c];
  }
  image.pixels.resize(to);
}

// libpng's simplified interface: no longjmp.
struct Png : png_image {
  Png() : png_image{} { version = PNG_IMAGE_VERSION; }
  ~Png() { png_image_free(this); }
  Png(const Png&) = delete;
  Png& operator=(const Png&) = delete;
};

Image decode_png(std::span<const std::byte> file, const std::string& name) {
  Png png;
  const auto check = [&](int done) {
    // A warning is damage that libpng reads over; a profile of colours may be odd all the same.
    if (done == 0) throw Error(name, ": isn't a whole PNG image: ", png.message);
  };
  check(png_image_begin_read_from_memory(&png, file.data(), file.size()));
  check_size(name, png.height, png.width);
  const std::size_t color = (png.format & PNG_FORMAT_FLAG_COLOR) != 0 ? 3 : 1;
  const std::size_t alpha = (png.format & PNG_FORMAT_FLAG_ALPHA) != 0 ? 1 : 0;
  png.format =
      (color == 3 ? PNG_FORMAT_FLAG_COLOR : 0u) | (alpha == 1 ? PNG_FORMAT_FLAG_ALPHA : 0u);
  png.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;
  Image image{{color, png.height, png.width}, {}};
  image.pixels.resize((color + alpha) * png.height * png.width);
  check(png_image_finish_read(&png, nullptr, image.pixels.data(), 0, nullptr));
  if (alpha == 1) drop_alpha(image, color + 1);
  return image;
}

Image decode_jpeg(std::span<const std::byte> file, const std::string& name) {
  struct Destroy {
    void operator()(void* decoder) const { tjDestroy(decoder); }
  };
  const std::unique_ptr<void, Destroy> decoder(tjInitDecompress());
  if (!decoder) throw std::bad_alloc();
  const auto check = [&](int status) {
    if (status == 0) return;
    throw Error(name, ": isn't a whole JPEG image: ", tjGetErrorStr2(decoder.get()));
  };
  const auto* bytes = reinterpret_cast<const unsigned char*>(file.data());
  int width = 0, height = 0, sampling = 0, space = 0;
  check(tjDecompressHeader3(decoder.get(), bytes, file.size(), &width, &height, &sampling, &space));
  // Tables alone are a JPEG file, too.
  if (height < 1 || width < 1) throw Error(name, ": isn't a whole JPEG image: it has no sizes");
  check_size(name, static_cast<std::size_t>(height), static_cast<std::size_t>(width));
  if (space == TJCS_CMYK || space == TJCS_YCCK) {
    throw Error(name, ": a JPEG image in CMYK, but gray or RGB is expected");
  }
  const bool gray = space == TJCS_GRAY;
  Image image{{gray ? 1u : 3u, static_cast<std::size_t>(height), static_cast<std::size_t>(width)},
              {}};
  image.pixels.resize(image.shape.elements());
  // A file of a few KB may have so many scans that decoding it takes minutes.
  check(tjDecompress2(decoder.get(), bytes, file.size(), image.pixels.data(), width, 0, height,
                      gray ? TJPF_GRAY : TJPF_RGB, TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS));
  return image;
}

// As Pillow: weights of 16 bits, rounded.
std::uint8_t luma(const std::uint8_t* rgb) {
  return static_cast<std::uint8_t>((rgb[0] * 19595u + rgb[1] * 38470u + rgb[2] * 7471u + 0x8000u) >>
                                   16);
}
float luma(const float* rgb) { return 0.299f * rgb[0] + 0.587f * rgb[1] + 0.114f * rgb[2]; }

template <class T>
std::vector<T> recoloured(std::vector<T> x, Shape& shape, Color color) {
  const std::size_t channels = color == Color::gray ? 1 : 3;
  if (color == Color::as_is || channels == shape.channels) return x;
  if (shape.channels != 1 && shape.channels != 3) {
    throw Error("--color: images of ", shape.channels, " channels are neither gray nor RGB");
  }
  const std::size_t pixels = shape.height * shape.width;
  std::vector<T> y;
  y.reserve(pixels * channels);
  for (std::size_t i = 0; i < pixels; ++i) {
    if (channels == 1) {
      y.push_back(luma(&x[3 * i]));
    } else {
      y.insert(y.end(), 3, x[i]);
    }
  }
  shape.channels = channels;
  return y;
}

template <class T>
std::vector<float> resized_to(const std::vector<T>& x, Shape& shape, Pair size) {
  std::vector<float> y = resized(std::span<const T>(x), shape, centred(shape, size), size);
  shape.height = size.height;
  shape.width = size.width;
  return y;
}

bool needs_size(Shape shape, const Reading& reading) {
  return reading.size && *reading.size != Pair{shape.height, shape.width};
}

}  // namespace

Image decode_image(std::span<const std::byte> file, const std::string& name) {
  if (begins_with(file, png_begin)) return decode_png(file, name);
  if (begins_with(file, jpeg_begin)) return decode_jpeg(file, name);
  throw Error(name, ": is neither a PNG nor a JPEG image");
}

Image read_image(const std::filesystem::path& path) {
  const FileBytes file(path);
  return decode_image(file.bytes(), path.string());
}

Image fitted(Image image, const Reading& reading) {
  image.pixels = recoloured(std::move(image.pixels), image.shape, reading.color);
  if (!needs_size(image.shape, reading)) return image;
  const std::vector<float> y = resized_to(image.pixels, image.shape, *reading.size);
  image.pixels.resize(y.size());
  std::transform(y.begin(), y.end(), image.pixels.begin(), [](float v) {
    return static_cast<std::uint8_t>(std::clamp(v + 0.5f, 0.0f, 255.0f));
  });
  return image;
}

FloatImage fitted(FloatImage image, const Reading& reading) {
  image.values = recoloured(std::move(image.values), image.shape, reading.color);
  if (needs_size(image.shape, reading)) {
    image.values = resized_to(image.values, image.shape, *reading.size);
  }
  return image;
}

}  // namespace etch::host
