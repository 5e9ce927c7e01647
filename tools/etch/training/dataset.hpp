// MNIST and Fashion-MNIST: idx files, plain or gzip. http://yann.lecun.com/exdb/mnist/
#pragma once
#include <etch/shape.hpp>

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

namespace etch::host {

enum class Part : unsigned char { train, test };

// The file names of a part, without ".gz".
const char* images_name(Part part);
const char* labels_name(Part part);

struct Dataset {
  std::size_t height = 0, width = 0;
  std::vector<std::uint8_t> pixels;  // (N, height, width)
  std::vector<std::uint8_t> labels;  // (N)

  std::size_t size() const { return labels.size(); }
  // Of all pixels and labels: tells one data set from another.
  std::uint32_t checksum() const;
};

// Reads a part of the data in `folder`, its first `limit` images (0: all). Throws an Error that
// names the file and both numbers.
Dataset read_dataset(const std::filesystem::path& folder, Part part, std::size_t classes,
                     std::size_t limit = 0);

// Turns images of a data set into a network's input: pixels / 255, with as many zeros around them
// as the input shape asks for.
class BatchReader {
 public:
  // Throws an Error where the images don't fit the input.
  BatchReader(const Dataset& data, Shape input);

  // Fills images (N, H, W, 1) and labels (N) with the images of these indices.
  void read(std::span<const std::uint32_t> indices, std::span<float> images,
            std::span<std::int32_t> labels) const;

 private:
  const Dataset* data_;
  Shape input_;
  std::size_t padding_;
};

// 0 .. size - 1, shuffled by seed and epoch.
std::vector<std::uint32_t> shuffled(std::size_t size, std::uint64_t seed, std::uint64_t epoch);
// 0 .. size - 1.
std::vector<std::uint32_t> in_order(std::size_t size);

}  // namespace etch::host
