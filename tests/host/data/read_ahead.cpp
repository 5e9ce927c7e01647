// Batches that are read while the one before is used.
#include <etch/host/data/read_ahead.hpp>

#include "host/idx_files.hpp"

#include <etch/host/error.hpp>

#include <catch2/catch.hpp>

using namespace etch;
using namespace etch::host;

namespace {

// Bytes of `data`, as if they stayed in a file; one of them can't be read.
class Streamed : public StreamedSamples {
 public:
  explicit Streamed(const Dataset& data) : data_(data) {}
  std::vector<std::uint8_t> pixels(std::size_t index) const override {
    if (index == 7) throw Error("7.png: is damaged");
    const auto from = data_.pixels.begin() + static_cast<std::ptrdiff_t>(index * 784);
    return {from, from + 784};
  }

 private:
  const Dataset& data_;
};

}  // namespace

TEST_CASE("Batches of what is streamed are those of what is in memory, and errors come with them") {
  const Dataset data = bars(8, 1);
  Dataset streamed{.origin = "streamed", .shape = data.shape};
  streamed.streamed = std::make_shared<Streamed>(data);
  streamed.streamed_indices = {0, 1, 2, 3, 4, 5, 6, 7};
  streamed.targets = data.targets;
  const Augmentation a{.flip = true, .noise = 0.1};
  ReadAhead memory(data, {1, 32, 32}, a, 3), files(streamed, {1, 32, 32}, a, 3);
  const std::vector<std::uint32_t> first{3, 1, 2}, second{0, 6}, damaged{4, 7};
  CHECK_FALSE(files.started());
  for (const auto& indices : {first, second}) {
    memory.start(indices, 5);
    files.start(indices, 5);
    CHECK(files.started());
    const ReadAhead::Batch expected = memory.take();
    const ReadAhead::Batch& read = files.take();
    CHECK(read.images == expected.images);
    CHECK(read.labels == expected.labels);
    CHECK(read.labels.size() == indices.size());
  }
  files.start(damaged, 5);
  files.drop();
  CHECK_FALSE(files.started());
  files.start(damaged, 5);
  CHECK_THROWS_WITH(files.take(), "7.png: is damaged");
  files.start(first, 5);
  CHECK(files.take().labels.size() == 3);
}

TEST_CASE("Targets are labels or values, as the data set's are") {
  Dataset data = bars(3, 1);
  const std::vector<std::uint32_t> indices{2, 0};
  ReadAhead labels(data, {1, 32, 32}, {}, 0);
  labels.start(indices, 0);
  const auto read = std::get<std::span<const std::int32_t>>(labels.take().targets());
  CHECK(std::vector(read.begin(), read.end()) ==
        std::vector{data.targets.labels[2], data.targets.labels[0]});
  data.targets = {.values = {1, 2, 3, 4, 5, 6}, .width = 2};
  ReadAhead values(data, {1, 32, 32}, {}, 0);
  values.start(indices, 0);
  const auto numbers = std::get<std::span<const float>>(values.take().targets());
  CHECK(std::vector(numbers.begin(), numbers.end()) == std::vector<float>{5, 6, 1, 2});
}
