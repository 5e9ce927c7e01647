// idx files: read, and refused where they are damaged.
#include "training/dataset.hpp"

#include "process.hpp"
#include "tools/idx_files.hpp"

#include <zlib.h>
#include <catch2/catch.hpp>

using namespace etch;
using namespace etch::host;
namespace fs = std::filesystem;

static void write_gzip(const fs::path& path, const std::string& bytes) {
  const gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
  gzclose(file);
}

TEST_CASE("Plain and gzip files are read alike") {
  const TemporaryFolder plain, zipped;
  const Dataset data = bars(5, 1);
  write_part(plain.path(), Part::train, data);
  write_gzip(zipped.path() / "train-labels-idx1-ubyte.gz", idx_labels(text_of(data.labels)));
  write_gzip(zipped.path() / "train-images-idx3-ubyte.gz", idx_images(5, 28, text_of(data.pixels)));
  for (const fs::path& folder : {plain.path(), zipped.path()}) {
    const Dataset read = read_dataset(folder, Part::train, 10);
    CHECK(read.pixels == data.pixels);
    CHECK(read.labels == data.labels);
    CHECK(read.checksum() == data.checksum());
    CHECK(read_dataset(folder, Part::train, 10, 3).size() == 3);
  }
}

TEST_CASE("Images are scaled, and padded to 32x32") {
  const Dataset data = bars(3, 2);
  const std::vector<std::uint32_t> indices{2, 0};
  for (const std::size_t side : {28u, 32u}) {
    std::vector<float> images(2 * side * side, -1.0f);
    std::vector<std::int32_t> labels(2);
    BatchReader(data, {1, side, side}).read(indices, images, labels);
    CHECK(labels[0] == data.labels[2]);
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

TEST_CASE("The order of images is a function of seed and epoch") {
  const auto order = shuffled(100, 1, 0);
  CHECK(order == shuffled(100, 1, 0));
  CHECK(order != shuffled(100, 1, 1));
  CHECK(order != shuffled(100, 2, 0));
  auto sorted = order;
  std::sort(sorted.begin(), sorted.end());
  CHECK(sorted == in_order(100));
  CHECK(shuffled(0, 1, 0).empty());
}

TEST_CASE("Damaged data is refused by a sentence with file and numbers") {
  const std::string labels("\0\1\2", 3), pixels(3 * 784, '\7');
  const std::string good_images = idx_images(3, 28, pixels), good_labels = idx_labels(labels);
  struct Case {
    std::string images, labels, file, message;
  };
  const std::vector<Case> cases = {
      {idx_labels(labels), good_labels, "images", "the magic number is 2049, but 2051"},
      {good_images, good_images, "labels", "the magic number is 2051, but 2049"},
      {good_images.substr(0, 10), good_labels, "images", "ends within its header"},
      {good_images.substr(0, 100), good_labels, "images",
       "ends after 84 bytes of data, but its header promises 2352"},
      {good_images + "x", good_labels, "images", "has more data than the 2352 bytes"},
      {good_images, good_labels.substr(0, 10), "labels",
       "ends after 2 bytes of data, but its header promises 3"},
      {good_images, good_labels + "x", "labels", "has more data than the 3 bytes"},
      {good_images, idx_labels("\1\2"), "images", "holds 3 images, but"},
      {good_images, idx_labels("\1\2\12"), "labels", "label 2 is 10, but the network has classes"},
      {idx_images(0, 28, ""), idx_labels(""), "images", "holds no images"},
      {idx_images(3, 0, ""), good_labels, "images", "images of 0x0 pixels"},
      {idx_images(3, 5000, ""), good_labels, "images", "images of 5000x5000 pixels"},
      {big_endian(0x803) + big_endian(3) + big_endian(4096) + big_endian(4096), good_labels,
       "images", "ends after 0 bytes of data, but its header promises 50331648"},
      {big_endian(0x803) + big_endian(0xffffffff) + big_endian(4096) + big_endian(4096),
       big_endian(0x801) + big_endian(0xffffffff), "images",
       "its bytes of pixels is more than 2147483648"},
  };
  const TemporaryFolder folder;
  for (const Case& c : cases) {
    INFO(c.message);
    write_file(folder.path() / "train-images-idx3-ubyte", c.images);
    write_file(folder.path() / "train-labels-idx1-ubyte", c.labels);
    CHECK_THROWS_WITH(read_dataset(folder.path(), Part::train, 10),
                      Catch::Contains("train-" + c.file) && Catch::Contains(c.message));
  }
}

TEST_CASE("Missing and damaged gzip files are refused") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH(read_dataset(folder.path(), Part::test, 10),
                    Catch::Contains("has no t10k-images-idx3-ubyte and no "
                                    "t10k-images-idx3-ubyte.gz"));
  const fs::path path = folder.path() / "t10k-images-idx3-ubyte.gz";
  write_part(folder.path(), Part::test, bars(2, 1));
  fs::remove(folder.path() / "t10k-images-idx3-ubyte");
  write_gzip(path, idx_images(2, 28, text_of(bars(2, 1).pixels)));
  fs::resize_file(path, fs::file_size(path) / 2);
  CHECK_THROWS_WITH(read_dataset(folder.path(), Part::test, 10),
                    Catch::Contains("t10k-images-idx3-ubyte.gz: can't be unpacked") ||
                        Catch::Contains("ends after"));
}
