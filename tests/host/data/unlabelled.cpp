// Samples without targets.
#include "data/unlabelled.hpp"

#include "host/data_files.hpp"
#include "process.hpp"

#include <etch/host/error.hpp>

#include <catch2/catch.hpp>

using namespace etch;
using namespace etch::host;
namespace fs = std::filesystem;
using Catch::Contains;

TEST_CASE("An image is one sample, prepared as the description says") {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "a.png";
  write_file(path, png_file(pattern({3, 8, 8})));
  Description d;
  d.resize = true;
  d.reading.color = Color::gray;
  d.normalization = {{0.5f}, {2}};
  const Unlabelled one = read_unlabelled(path, d, {1, 4, 6});
  CHECK(one.data.size() == 1);
  CHECK(one.data.shape == Shape{1, 4, 6});
  CHECK(one.data.normalization == d.normalization);
  CHECK(one.names == std::vector<std::string>{path.string()});
}

TEST_CASE("Rows are read by their columns' names, whether targets are there or not") {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "a.csv";
  Description d;
  d.reading.features = {"a", "b"};
  d.reading.label = "kind";
  write_file(path, "id,b,a\n7,2,1\n8,4,3\n");
  const Unlabelled rows = read_unlabelled(path, d, {2});
  CHECK(rows.data.values == std::vector<float>{1, 2, 3, 4});
  CHECK(rows.names[1] == path.string() + " row 2");
  d.reading.features.clear();
  write_file(path, "b,kind,a\n2,unknown,1\n");
  CHECK(read_unlabelled(path, d, {2}).data.values == std::vector<float>{2, 1});
  d.reading.features = {"a", "c"};
  CHECK_THROWS_WITH(read_unlabelled(path, d, {2}), Contains("has no column 'c'"));
}

TEST_CASE("Each of an array's samples") {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "a.npy";
  write_file(path, npy("<f4", {3, 2}, raw<float>({1, 2, 3, 4, 5, 6})));
  const Unlabelled three = read_unlabelled(path, {}, {2});
  CHECK(three.data.size() == 3);
  CHECK(three.names[2] == path.string() + " sample 2");
}

TEST_CASE("What can't be read, or isn't normalized so, is refused") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH(read_unlabelled(folder.path() / "a.png", {}, {1}),
                    Contains("a.png: can't be opened"));
  write_file(folder.path() / "a.gif", "GIF89a");
  CHECK_THROWS_WITH(read_unlabelled(folder.path() / "a.gif", {}, {1}),
                    Contains("a.gif: is neither a PNG nor a JPEG image"));
  write_file(folder.path() / "a.npy", npy("<f4", {1, 2}, raw<float>({1, 2})));
  Description d;
  d.normalization = {{1, 2, 3}, {1, 2, 3}};
  CHECK_THROWS_WITH(read_unlabelled(folder.path() / "a.npy", d, {2}),
                    Contains("3 means for data of 2"));
}
