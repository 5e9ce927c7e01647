// idx files: read, and refused where they are damaged.
#include "data/idx.hpp"

#include "host/idx_files.hpp"
#include "process.hpp"

#include <zlib.h>
#include <catch2/catch.hpp>

using namespace etch;
using namespace etch::host;
namespace fs = std::filesystem;

static Dataset read(const fs::path& folder, Part part) {
  Dataset data = open_idx(folder)->read(part, {});
  check_targets(data, 10);
  return data;
}

static void write_gzip(const fs::path& path, const std::string& bytes) {
  const gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
  gzclose(file);
}

TEST_CASE("Plain and gzip files are read alike") {
  const TemporaryFolder plain, zipped;
  const Dataset data = bars(5, 1);
  write_part(plain.path(), Part::train, data);
  write_gzip(zipped.path() / "train-labels-idx1-ubyte.gz",
             idx_labels(text_of(data.targets.labels)));
  write_gzip(zipped.path() / "train-images-idx3-ubyte.gz", idx_images(5, 28, text_of(data.pixels)));
  for (const fs::path& folder : {plain.path(), zipped.path()}) {
    const Dataset found = read(folder, Part::train);
    CHECK(found.shape == Shape{1, 28, 28});
    CHECK(found.pixels == data.pixels);
    CHECK(found.targets.labels == data.targets.labels);
    CHECK(found.checksum() == data.checksum());
  }
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
    CHECK_THROWS_WITH(read(folder.path(), Part::train),
                      Catch::Contains("train-" + c.file) && Catch::Contains(c.message));
  }
}

TEST_CASE("Missing and damaged gzip files are refused") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH(read(folder.path(), Part::test),
                    Catch::Contains("has no t10k-images-idx3-ubyte and no "
                                    "t10k-images-idx3-ubyte.gz"));
  const fs::path path = folder.path() / "t10k-images-idx3-ubyte.gz";
  write_part(folder.path(), Part::test, bars(2, 1));
  fs::remove(folder.path() / "t10k-images-idx3-ubyte");
  write_gzip(path, idx_images(2, 28, text_of(bars(2, 1).pixels)));
  fs::resize_file(path, fs::file_size(path) / 2);
  CHECK_THROWS_WITH(read(folder.path(), Part::test),
                    Catch::Contains("t10k-images-idx3-ubyte.gz: can't be unpacked") ||
                        Catch::Contains("ends after"));
}

TEST_CASE("Images in colour, of another prefix and another name for the test") {
  const TemporaryFolder folder;
  const fs::path& f = folder.path();
  std::string pixels;
  for (char i = 0; i < 24; ++i) pixels += i;
  const std::string images =
      big_endian(0x804) + big_endian(2) + big_endian(2) + big_endian(2) + big_endian(3) + pixels;
  write_file(f / "small-train-images.idx4-ubyte", images);
  write_file(f / "small-train-labels-idx1-ubyte", idx_labels("\1\2"));
  write_file(f / "small-test-images-idx4-ubyte", images);
  REQUIRE(is_idx(f));
  const auto source = open_idx(f);
  CHECK(source->has(Part::test));
  CHECK_FALSE(source->has(Part::validation));
  const Dataset data = source->read(Part::train, {});
  CHECK(data.shape == Shape{3, 2, 2});
  CHECK(data.pixels[5] == 5);
  const Reading nchw{.layout = Layout::nchw};
  write_file(
      f / "small-train-images.idx4-ubyte",
      big_endian(0x804) + big_endian(2) + big_endian(3) + big_endian(2) + big_endian(2) + pixels);
  CHECK(open_idx(f)->read(Part::train, nchw).pixels[1] == 4);
  CHECK_THROWS_WITH(source->read(Part::test, {}), Catch::Contains("has no t10k-labels-idx1-ubyte"));
  write_file(f / "other-train-images-idx3-ubyte", "");
  CHECK_THROWS_WITH(open_idx(f),
                    Catch::Contains("several data sets of idx files (other-, small-)"));
  CHECK(open_idx(f / "small-train-labels-idx1-ubyte")->read(Part::train, nchw).size() == 2);
}
