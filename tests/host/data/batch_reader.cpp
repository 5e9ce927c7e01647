// Samples of a data set as a network's input.
#include <etch/host/data/batch_reader.hpp>

#include "host/idx_files.hpp"

#include <etch/host/data/order.hpp>
#include <etch/host/error.hpp>

#include <catch2/catch.hpp>

using namespace etch;
using namespace etch::host;

namespace {

std::vector<float> read(const BatchReader& reader, std::span<const std::uint32_t> indices,
                        Shape input, std::uint64_t epoch = 0) {
  std::vector<float> images(indices.size() * input.elements(), -1.0f);
  std::vector<std::int32_t> labels(indices.size());
  reader.read(indices, images, std::span(labels), epoch);
  return images;
}

}  // namespace

TEST_CASE("Images are scaled, and padded to 32x32") {
  const Dataset data = bars(3, 2);
  const std::vector<std::uint32_t> indices{2, 0};
  for (const std::size_t side : {28u, 32u}) {
    std::vector<float> images(2 * side * side, -1.0f);
    std::vector<std::int32_t> labels(2);
    BatchReader(data, {1, side, side}).read(indices, images, std::span(labels));
    CHECK(labels[0] == data.targets.labels[2]);
    const std::size_t padding = (side - 28) / 2;
    for (std::size_t r = 0; r < side; ++r) {
      for (std::size_t c = 0; c < side; ++c) {
        const bool inside = r - padding < 28 && c - padding < 28;
        const float pixel = inside ? data.pixels[2 * 784 + (r - padding) * 28 + c - padding] : 0;
        CHECK(images[r * side + c] == pixel / 255.0f);
      }
    }
  }
  CHECK_THROWS_WITH(BatchReader(data, {3, 32, 32}),
                    Catch::Contains("3x32x32") && Catch::Contains("1x28x28"));
  CHECK_THROWS_WITH(BatchReader(data, {1, 26, 26}), Catch::Contains("1x26x26"));
  CHECK_THROWS_WITH(BatchReader(data, {1, 32, 30}), Catch::Contains("1x32x30"));
}

TEST_CASE("Normalization comes last: what is padded is normalized too") {
  Dataset data{.shape = {2, 1, 1}};
  data.values = {3, 5};
  data.targets.labels = {0};
  data.normalization = {{1, 1}, {2, 4}};
  const std::vector<std::uint32_t> one{0};
  const std::vector<float> image = read(BatchReader(data, {2, 3, 3}), one, {2, 3, 3});
  CHECK(image[8] == 1);
  CHECK(image[9] == 1);
  CHECK(image[0] == -0.5f);
  CHECK(image[1] == -0.25f);
}

TEST_CASE("A vector of as many numbers is an image in the order (H, W, C)") {
  Dataset data{.shape = {12}};
  for (int i = 0; i < 12; ++i) data.values.push_back(static_cast<float>(i));
  data.targets.labels = {0};
  const std::vector<std::uint32_t> one{0};
  CHECK(read(BatchReader(data, {3, 2, 2}), one, {3, 2, 2}) == data.values);
  CHECK_THROWS_WITH(
      BatchReader(data, {3, 2, 1}),
      "the network takes 6 numbers (3x2x1), but the data's samples are vectors of 12");
}

TEST_CASE("Vectors as targets") {
  Dataset data{.shape = {1}};
  data.values = {1, 2, 3};
  data.targets = {.values = {1, 10, 2, 20, 3, 30}, .width = 2};
  const std::vector<std::uint32_t> indices{2, 1};
  std::vector<float> images(2), targets(4);
  BatchReader(data, {1}).read(indices, images, std::span(targets));
  CHECK(images == std::vector<float>{3, 2});
  CHECK(targets == std::vector<float>{3, 30, 2, 20});
  std::vector<std::int32_t> labels(2);
  CHECK_THROWS_WITH(BatchReader(data, {1}).read(indices, images, std::span(labels)),
                    Catch::Contains("its targets are numbers, but classes are expected"));
}

TEST_CASE("A sample is changed alike whatever batch it is in, and anew in another epoch") {
  const Dataset data = bars(4, 1);
  const Augmentation a{.flip = true, .crop = 0.9, .shift = 2, .noise = 0.1};
  const Shape input{1, 28, 28};
  const BatchReader reader(data, input, a, 5);
  const std::vector<std::uint32_t> all{3, 1, 2}, one{2};
  const std::vector<float> together = read(reader, all, input, 7),
                           alone = read(reader, one, input, 7);
  CHECK(std::vector<float>(together.end() - 784, together.end()) == alone);
  CHECK(read(reader, one, input, 8) != alone);
  CHECK(read(BatchReader(data, input, a, 6), one, input, 7) != alone);
  CHECK_THROWS_WITH(BatchReader(data, input, {.shift = 28}), Catch::Contains("shift=28"));
}
