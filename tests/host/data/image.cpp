// PNG and JPEG files: read, and refused where they are damaged.
#include "data/image.hpp"

#include "host/data_files.hpp"
#include "process.hpp"

#include <etch/host/error.hpp>

#include <zlib.h>
#include <catch2/catch.hpp>

using namespace etch;
using namespace etch::host;
using Catch::Contains;

static Image decode(const std::string& file) {
  return decode_image(std::as_bytes(std::span(file)), "a.img");
}

TEST_CASE("A PNG comes back as it was") {
  for (const Shape shape : {Shape{1, 5, 7}, Shape{3, 5, 7}, Shape{3, 1, 1}}) {
    const Image image = pattern(shape);
    const Image read = decode(png_file(image));
    CHECK(read.shape == shape);
    CHECK(read.pixels == image.pixels);
  }
}

TEST_CASE("Of a PNG with transparency the colours are taken") {
  const Image rgba = pattern({4, 3, 2}), ga = pattern({2, 3, 2});
  const Image color = decode(png_file({3, 3, 2}, PNG_FORMAT_RGBA, rgba.pixels.data()));
  const Image gray = decode(png_file({1, 3, 2}, PNG_FORMAT_GA, ga.pixels.data()));
  REQUIRE(color.shape == Shape{3, 3, 2});
  REQUIRE(gray.shape == Shape{1, 3, 2});
  for (std::size_t i = 0; i < 6; ++i) {
    for (std::size_t c = 0; c < 3; ++c) CHECK(color.pixels[3 * i + c] == rgba.pixels[4 * i + c]);
    CHECK(gray.pixels[i] == ga.pixels[2 * i]);
  }
}

TEST_CASE("A JPEG comes back nearly as it was") {
  for (const std::size_t channels : {1u, 3u}) {
    // Smooth: a ramp.
    Image image{{channels, 16, 24}, {}};
    for (std::size_t i = 0; i < 16 * 24; ++i) {
      for (std::size_t c = 0; c < channels; ++c) {
        image.pixels.push_back(static_cast<std::uint8_t>(i / 24 * 4 + i % 24 * 3 + c * 40));
      }
    }
    const Image read = decode(jpeg_file(image));
    REQUIRE(read.shape == image.shape);
    for (std::size_t i = 0; i < read.pixels.size(); ++i) {
      CHECK(std::abs(int{read.pixels[i]} - int{image.pixels[i]}) <= 3);
    }
  }
}

TEST_CASE("Images that are cut anywhere are refused") {
  const Image image = pattern({3, 9, 8});
  for (const std::string& file :
       {png_file(image), jpeg_file(image), jpeg_file(image, TJFLAG_PROGRESSIVE)}) {
    // A PNG's last 12 bytes say that it ends there.
    for (std::size_t size = 0; size + 12 < file.size(); ++size) {
      INFO(size << " of " << file.size());
      CHECK_THROWS_WITH(decode(file.substr(0, size)), Catch::StartsWith("a.img: is"));
    }
  }
}

TEST_CASE("A flipped bit of a PNG's pixels is found") {
  const std::string file = png_file(pattern({3, 9, 8}));
  std::string damaged = file;
  damaged[file.size() / 2] = static_cast<char>(damaged[file.size() / 2] ^ 4);
  CHECK_THROWS_WITH(decode(damaged), Contains("a.img: isn't a whole PNG image: "));
}

TEST_CASE("Sizes that no memory holds are refused before there is any") {
  // IHDR: sizes at 16 and 20, its checksum at 29.
  std::string png = png_file(pattern({1, 4, 4}));
  png.replace(16, 8, big_endian(60000) + big_endian(60000));
  const auto* bytes = reinterpret_cast<const Bytef*>(png.data());
  png.replace(29, 4, big_endian(static_cast<std::uint32_t>(crc32(0, bytes + 12, 17))));
  CHECK_THROWS_WITH(decode(png),
                    "a.img: an image of 60000x60000 pixels, but 1 to 16384 a side, and "
                    "at most 134217728 in all, are expected");
  // SOF0: FF C0, length, precision, height, width.
  std::string jpeg = jpeg_file(pattern({3, 16, 16}));
  const std::size_t at = jpeg.find("\xff\xc0");
  REQUIRE(at != jpeg.npos);
  jpeg.replace(at + 5, 4, "\xff\xdc\xff\xdc");
  CHECK_THROWS_WITH(decode(jpeg), Contains("a.img: an image of 65500x65500 pixels"));
}

TEST_CASE("What is neither PNG nor JPEG, or has other colours, is refused") {
  CHECK_THROWS_WITH(decode(""), "a.img: is neither a PNG nor a JPEG image");
  CHECK_THROWS_WITH(decode("GIF89a......"), "a.img: is neither a PNG nor a JPEG image");
  CHECK_THROWS_WITH(decode(jpeg_file(pattern({4, 8, 8}))),
                    "a.img: a JPEG image in CMYK, but gray or RGB is expected");
  CHECK_THROWS_AS(read_image("/nowhere/a.png"), Error);
}

TEST_CASE("Gray is Pillow's luma, and RGB of gray three times the same") {
  const Image rgb{{3, 2, 2}, {11, 48, 85, 122, 159, 196, 233, 14, 51, 88, 125, 162}};
  const Image gray = fitted(rgb, {.color = Color::gray});
  CHECK(gray.shape == Shape{1, 2, 2});
  CHECK(gray.pixels == std::vector<std::uint8_t>{41, 152, 84, 118});
  CHECK(fitted(gray, {.color = Color::rgb}).pixels ==
        std::vector<std::uint8_t>{41, 41, 41, 152, 152, 152, 84, 84, 84, 118, 118, 118});
  CHECK(fitted(rgb, {.color = Color::rgb}).pixels == rgb.pixels);
  CHECK_THROWS_WITH(fitted(pattern({2, 2, 2}), {.color = Color::gray}),
                    Contains("2 channels are neither gray nor RGB"));
  const FloatImage floats = fitted(FloatImage{{3, 1, 1}, {1, 0.5f, 0}}, {.color = Color::gray});
  CHECK(floats.values.at(0) == Approx(0.299 + 0.587 / 2));
}

TEST_CASE("A size is reached by scaling and cutting around the middle") {
  // Left and right thirds are cut.
  Image image{{1, 2, 6}, {0, 0, 90, 90, 255, 255, 0, 0, 90, 90, 255, 255}};
  const Image y = fitted(image, {.size = Pair{2, 2}});
  CHECK(y.shape == Shape{1, 2, 2});
  CHECK(y.pixels == std::vector<std::uint8_t>{90, 90, 90, 90});
  CHECK(fitted(FloatImage{{1, 1, 2}, {0, 1}}, {.size = Pair{1, 1}}).shape == Shape{1, 1, 1});
}
