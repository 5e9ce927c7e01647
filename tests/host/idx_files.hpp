// Small idx files of synthetic digits, as MNIST's.
#pragma once
#include "data/idx.hpp"

#include <etch/host/data/dataset.hpp>
#include <etch/random.hpp>

#include <fstream>
#include <string>

namespace etch::host {

inline std::string big_endian(std::uint32_t n) {
  return {static_cast<char>(n >> 24), static_cast<char>(n >> 16), static_cast<char>(n >> 8),
          static_cast<char>(n)};
}

inline void write_file(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

inline std::string idx_labels(const std::string& labels) {
  return big_endian(0x801) + big_endian(static_cast<std::uint32_t>(labels.size())) + labels;
}
inline std::string idx_images(std::uint32_t count, std::uint32_t side, const std::string& pixels) {
  return big_endian(0x803) + big_endian(count) + big_endian(side) + big_endian(side) + pixels;
}

// Noise with a bright bar whose row is the label.
inline Dataset bars(std::size_t count, std::uint64_t seed) {
  Generator random{seed};
  Dataset data{.origin = "bars", .shape = {1, 28, 28}};
  for (std::size_t n = 0; n < count; ++n) {
    data.targets.labels.push_back(static_cast<std::int32_t>(random.below(10)));
    for (std::size_t i = 0; i < 28 * 28; ++i) {
      const bool bar = i / 28 / 2 == static_cast<std::size_t>(data.targets.labels.back() + 2);
      data.pixels.push_back(static_cast<std::uint8_t>(bar ? 255 : random.below(64)));
    }
  }
  return data;
}

template <class T>
std::string text_of(const std::vector<T>& bytes) {
  std::string all;
  for (const T b : bytes) all += static_cast<char>(b);
  return all;
}

inline void write_part(const std::filesystem::path& folder, Part part, const Dataset& data) {
  write_file(folder / labels_name(part), idx_labels(text_of(data.targets.labels)));
  write_file(folder / images_name(part),
             idx_images(static_cast<std::uint32_t>(data.size()), 28, text_of(data.pixels)));
}

}  // namespace etch::host
