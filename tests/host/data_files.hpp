// Small PNG, JPEG, NPY and NPZ files.
#pragma once
#include "data/image.hpp"
#include "host/idx_files.hpp"

#include <png.h>
#include <turbojpeg.h>
#include <zip.h>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace etch::host {

// An image whose pixels are a function of their place and of `seed`.
inline Image pattern(Shape shape, std::uint64_t seed = 0) {
  Image image{shape, {}};
  Generator random{seed};
  for (std::size_t i = 0; i < shape.elements(); ++i) {
    image.pixels.push_back(static_cast<std::uint8_t>(random.below(256)));
  }
  return image;
}

// In one of libpng's formats (PNG_FORMAT_RGBA), whose bytes `pixels` are.
inline std::string png_file(Shape shape, png_uint_32 format, const void* pixels) {
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  png.width = static_cast<png_uint_32>(shape.width);
  png.height = static_cast<png_uint_32>(shape.height);
  png.format = format;
  png_alloc_size_t size = 0;
  if (png_image_write_to_memory(&png, nullptr, &size, 0, pixels, 0, nullptr) == 0) {
    throw std::runtime_error(png.message);
  }
  std::string file(size, '\0');
  png_image_write_to_memory(&png, file.data(), &size, 0, pixels, 0, nullptr);
  file.resize(size);
  return file;
}
inline std::string png_file(const Image& image) {
  return png_file(image.shape, image.shape.channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY,
                  image.pixels.data());
}

// Of quality 100. `format` is turbojpeg's of the pixels, and `sampling` what is stored.
inline std::string jpeg_file(const Image& image, int flags = 0) {
  const bool gray = image.shape.channels == 1;
  const int format = gray ? TJPF_GRAY : image.shape.channels == 4 ? TJPF_CMYK : TJPF_RGB;
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  const tjhandle encoder = tjInitCompress();
  const int status = tjCompress2(encoder, image.pixels.data(), static_cast<int>(image.shape.width),
                                 0, static_cast<int>(image.shape.height), format, &bytes, &size,
                                 gray ? TJSAMP_GRAY : TJSAMP_444, 100, flags);
  if (status != 0) throw std::runtime_error(tjGetErrorStr2(encoder));
  const std::string file(reinterpret_cast<char*>(bytes), size);
  tjFree(bytes);
  tjDestroy(encoder);
  return file;
}

// With a header as NumPy writes it.
inline std::string npy_with_header(std::string header, const std::string& data) {
  while ((10 + header.size() + 1) % 64 != 0) header += ' ';
  header += '\n';
  const auto length = static_cast<unsigned>(header.size());
  return std::string("\x93NUMPY\1\0", 8) + static_cast<char>(length & 255) +
         static_cast<char>(length >> 8) + header + data;
}
inline std::string npy(const std::string& type, const std::vector<std::size_t>& sizes,
                       const std::string& data) {
  std::string shape;
  for (const std::size_t n : sizes) shape += std::to_string(n) + ", ";
  if (sizes.size() > 1) shape.resize(shape.size() - 2);
  return npy_with_header(
      "{'descr': '" + type + "', 'fortran_order': False, 'shape': (" + shape + "), }", data);
}
template <class T>
std::string raw(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

// Members by name, deflated.
inline void write_zip(const std::filesystem::path& path,
                      const std::vector<std::pair<std::string, std::string>>& members) {
  int error = 0;
  zip_t* zip = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &error);
  if (zip == nullptr) throw std::runtime_error("zip_open");
  for (const auto& [name, bytes] : members) {
    zip_file_add(zip, name.c_str(), zip_source_buffer(zip, bytes.data(), bytes.size(), 0), 0);
  }
  if (zip_close(zip) != 0) throw std::runtime_error("zip_close");
}

}  // namespace etch::host
