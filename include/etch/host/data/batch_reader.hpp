// Samples of a data set as a network's input.
#pragma once
#include <etch/host/data/augmentation.hpp>
#include <etch/host/data/dataset.hpp>

namespace etch::host {

// Makes batches of a data set. A sample is put into the input's shape, augmented and normalized, in
// this order. Samples of the input's shape are taken as they are; images that lack up to 2 pixels a
// side get as many zeros around them; vectors of as many numbers as the input has are taken in the
// order (H, W, C).
class BatchReader {
 public:
  // The data must outlive it. Throws an Error where the samples don't fit the input, or can't be
  // augmented so.
  BatchReader(const Dataset& data, Shape input, const Augmentation& augmentation = {},
              std::uint64_t seed = 0);

  // Fills images (N, H, W, C) with the samples of these indices. What augmentation draws is a
  // function of seed, epoch and index alone.
  void read(std::span<const std::uint32_t> indices, std::span<float> images,
            std::uint64_t epoch = 0) const;
  // The same with their targets: labels (N), of a data set whose targets are classes, or values
  // (N, width), of one whose targets are vectors; an Error where they are of the other kind.
  void read(std::span<const std::uint32_t> indices, std::span<float> images,
            std::span<std::int32_t> labels, std::uint64_t epoch = 0) const;
  void read(std::span<const std::uint32_t> indices, std::span<float> images,
            std::span<float> values, std::uint64_t epoch = 0) const;

 private:
  void place(std::size_t index, std::span<float> image) const;

  const Dataset* data_;
  Shape input_;
  std::size_t padding_;
  Augmentation augmentation_;
  std::uint64_t seed_;
};

}  // namespace etch::host
