// Arrays as samples and targets, from NPY and NPZ files.
#include "data/array_source.hpp"

#include "data/npy.hpp"
#include "data/npz.hpp"
#include "host/data_files.hpp"
#include "process.hpp"

#include <etch/host/error.hpp>

#include <catch2/catch.hpp>

#include <limits>

using namespace etch;
using namespace etch::host;
namespace fs = std::filesystem;
using Catch::Contains;
using Labels = std::vector<std::int32_t>;

namespace {

const std::string two_labels = npy("<i8", {2}, raw<std::int64_t>({1, 0}));

Dataset join(const std::string& x, const std::string& y, const Reading& reading = {}) {
  return joined(parse_npy(std::as_bytes(std::span(x)), "x.npy"),
                parse_npy(std::as_bytes(std::span(y)), "y.npy"), reading);
}

std::string floats(const std::vector<std::size_t>& sizes) {
  std::vector<float> values;
  std::size_t n = 1;
  for (const std::size_t s : sizes) n *= s;
  for (std::size_t i = 0; i < n; ++i) values.push_back(static_cast<float>(i));
  return npy("<f4", sizes, raw(values));
}

}  // namespace

TEST_CASE("Arrays of each rank have their shape") {
  CHECK(join(floats({2}), two_labels).shape == Shape{1});
  CHECK(join(floats({2, 5}), two_labels).shape == Shape{5});
  CHECK(join(floats({2, 3, 4}), two_labels).shape == Shape{1, 3, 4});
  CHECK(join(floats({2, 3, 4, 5}), two_labels).shape == Shape{5, 3, 4});
  const Dataset nchw = join(floats({2, 3, 2, 2}), two_labels, {.layout = Layout::nchw});
  CHECK(nchw.shape == Shape{3, 2, 2});
  CHECK(nchw.values == std::vector<float>{0,  4,  8,  1,  5,  9,  2,  6,  10, 3,  7,  11,
                                          12, 16, 20, 13, 17, 21, 14, 18, 22, 15, 19, 23});
  CHECK_THROWS_WITH(join(floats({2, 1, 1, 1, 1}), two_labels),
                    Contains("features of shape [2, 1, 1, 1, 1]"));
  CHECK_THROWS_WITH(join(floats({}), two_labels), Contains("features of shape []"));
}

TEST_CASE("Bytes of images are pixels, bytes of vectors numbers") {
  const Dataset images = join(npy("|u1", {2, 1, 2}, std::string("\0\xff\x33\1", 4)), two_labels);
  CHECK(images.pixels == std::vector<std::uint8_t>{0, 255, 0x33, 1});
  const Dataset vectors = join(npy("|u1", {2, 2}, std::string("\0\xff\x33\1", 4)), two_labels);
  CHECK(vectors.values == std::vector<float>{0, 255, 51, 1});
}

TEST_CASE("Whole numbers are classes, others vectors") {
  const std::string x = floats({2, 3});
  CHECK(join(x, two_labels).targets.labels == Labels{1, 0});
  CHECK(join(x, npy("|b1", {2, 1}, "\1\1")).targets.labels == Labels{1, 1});
  const Targets one = join(x, npy("<f8", {2}, raw<double>({0.5, -1}))).targets;
  CHECK(one.width == 1);
  CHECK(one.values == std::vector<float>{0.5f, -1});
  const Targets several = join(x, npy("|b1", {2, 3}, std::string("\1\0\1\0\0\1", 6))).targets;
  CHECK(several.width == 3);
  CHECK(several.values == std::vector<float>{1, 0, 1, 0, 0, 1});
}

TEST_CASE("Arrays that don't fit together, or numbers that aren't finite, are refused") {
  const std::string x = floats({2, 3});
  CHECK_THROWS_WITH(join(floats({3, 3}), two_labels),
                    "y.npy: targets of shape [2], but x.npy holds 3 samples");
  CHECK_THROWS_WITH(join(x, npy("<i4", {2}, raw<std::int32_t>({0, -1}))),
                    "y.npy: label 1 is -1, but classes are counted from 0");
  CHECK_THROWS_WITH(join(x, npy("<i8", {2}, raw<std::int64_t>({0, std::int64_t{1} << 40}))),
                    Contains("label 1 is"));
  CHECK_THROWS_WITH(join(x, floats({2, 2, 2})), Contains("y.npy: targets of shape [2, 2, 2]"));
  CHECK_THROWS_WITH(join(floats({0, 3}), npy("<i8", {0}, "")),
                    "x.npy: holds nothing: its shape is [0, 3]");
  const float infinity = std::numeric_limits<float>::infinity();
  CHECK_THROWS_WITH(join(npy("<f4", {2, 2}, raw<float>({0, 1, 2, infinity})), two_labels),
                    Contains("x.npy: number 1 of sample 1 is inf"));
  CHECK_THROWS_WITH(join(npy("<f8", {2, 1}, raw<double>({1e300, 0})), two_labels),
                    Contains("x.npy: number 0 of sample 0 is 1e+300"));
}

TEST_CASE("NPY files in a folder and the members of an NPZ file are the same data") {
  const TemporaryFolder folder;
  const std::string x = floats({2, 3}), x_test = npy("<f4", {1, 3}, raw<float>({7, 8, 9}));
  const std::string y_test = npy("<i8", {1}, raw<std::int64_t>({1}));
  const std::vector<std::pair<std::string, std::string>> files = {{"x_train.npy", x},
                                                                  {"y_train.npy", two_labels},
                                                                  {"x_test.npy", x_test},
                                                                  {"y_test.npy", y_test}};
  for (const auto& [name, bytes] : files) write_file(folder.path() / name, bytes);
  write_zip(folder.path() / "a.npz", files);
  REQUIRE(is_npy(folder.path()));
  REQUIRE(is_npz(folder.path() / "a.npz"));
  const auto npy_source = open_npy(folder.path()), npz_source = open_npz(folder.path() / "a.npz");
  for (const Source* source : {npy_source.get(), npz_source.get()}) {
    CHECK(source->has(Part::test));
    CHECK_FALSE(source->has(Part::validation));
    CHECK(source->read(Part::train, {}).values == std::vector<float>{0, 1, 2, 3, 4, 5});
    CHECK(source->read(Part::test, {}).targets.labels == Labels{1});
  }
  CHECK(open_npy(folder.path() / "x_train.npy")->read(Part::train, {}).size() == 2);
}

TEST_CASE("X and y, as scikit-learn calls them") {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "a.npz";
  write_zip(path, {{"X.npy", floats({2, 3})}, {"y.npy", two_labels}});
  CHECK(open_npz(path)->read(Part::train, {}).shape == Shape{3});
  write_zip(path, {{"X.npy", floats({2, 3})}});
  CHECK_THROWS_WITH(open_npz(path)->read(Part::train, {}),
                    Contains("a.npz: has no array y; expected are x and y"));
}

TEST_CASE("Damaged NPZ files are refused") {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "a.npz";
  write_zip(path, {{"x.npy", floats({2, 300})}, {"y.npy", two_labels}});
  std::ifstream in(path, std::ios::binary);
  const std::string good{std::istreambuf_iterator<char>(in), {}};
  const auto refused = [&](const std::string& bytes) {
    write_file(path, bytes);
    try {
      open_npz(path)->read(Part::train, {});
      return false;
    } catch (const Error&) {
      return true;
    }
  };
  CHECK_FALSE(refused(good));
  for (std::size_t size = 0; size < good.size(); size += 7) CHECK(refused(good.substr(0, size)));
  // Packed numbers of x, behind its header's 35 bytes.
  for (std::size_t at = 60; at < 300; at += 7) {
    std::string damaged = good;
    damaged[at] = static_cast<char>(damaged[at] ^ 16);
    INFO(at);
    CHECK(refused(damaged));
  }
  write_file(path, "no zip file");
  CHECK_THROWS_WITH(open_npz(path), Contains("a.npz: isn't an NPZ file: "));
}
