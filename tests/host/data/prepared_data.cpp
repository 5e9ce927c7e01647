// Data sets that are found, split and prepared as a description says.
#include <etch/host/data/prepared_data.hpp>

#include "data/statistics.hpp"
#include "host/data_files.hpp"
#include "process.hpp"

#include <etch/host/error.hpp>

#include <catch2/catch.hpp>

using namespace etch;
using namespace etch::host;
namespace fs = std::filesystem;
using Catch::Contains;

namespace {

// 40 rows of two classes; a is the row's number.
std::string table() {
  std::string text = "a,label\n";
  for (int i = 0; i < 40; ++i) text += std::to_string(i) + (i % 4 == 0 ? ",x\n" : ",y\n");
  return text;
}

}  // namespace

TEST_CASE("Each kind of source is recognised, and can be named") {
  const TemporaryFolder folder;
  const fs::path& f = folder.path();
  for (const char* name : {"idx", "csv", "npz", "npy", "images", "none"})
    fs::create_directory(f / name);
  write_part(f / "idx", Part::train, bars(3, 1));
  write_file(f / "csv" / "table.csv", table());
  const std::string x = npy("<f4", {1}, std::string(4, '\0')), y = npy("|u1", {1}, "\1");
  write_zip(f / "npz" / "a.npz", {{"x.npy", x}, {"y.npy", y}});
  write_file(f / "npy" / "x.npy", x);
  write_file(f / "npy" / "y.npy", y);
  fs::create_directory(f / "images" / "cat");
  write_file(f / "images" / "cat" / "0.png", png_file(pattern({1, 2, 2})));
  const auto found = [](const fs::path& path) { return std::string(find_format(path, "").name); };
  CHECK(found(f / "idx") == "idx");
  CHECK(found(f / "idx" / images_name(Part::train)) == "idx");
  CHECK(found(f / "csv" / "table.csv") == "csv");
  CHECK(found(f / "npz" / "a.npz") == "npz");
  CHECK(found(f / "npy") == "npy");
  CHECK(found(f / "npy" / "x.npy") == "npy");
  CHECK(found(f / "images") == "images");
  CHECK_THROWS_WITH(found(f / "none"),
                    Contains("none: has no data that is understood: expected is idx files (") &&
                        Contains("; a CSV file") && Contains("NPZ file") && Contains("x.npy") &&
                        Contains("PNG or JPEG images a class"));
  CHECK_THROWS_WITH(found(f / "nowhere"), Contains("nowhere: isn't there"));
  CHECK(find_format(f / "none", "images").name == "images");
  CHECK_THROWS_WITH(
      find_format(f, "cvs"),
      Contains("--format there is no format 'cvs'; did you mean csv? There are: idx, csv"));
}

TEST_CASE("Files that aren't split are, and each sample is in one part") {
  const TemporaryFolder folder;
  write_file(folder.path() / "a.csv", table());
  Description d;
  d.test = 0.25;
  d.validation = 0.2;
  PreparedData data(folder.path() / "a.csv", d, std::nullopt);
  const Dataset train = data.read(Part::train), validation = data.read(Part::validation),
                test = data.read(Part::test);
  CHECK(train.size() == 24);
  CHECK(validation.size() == 5);
  CHECK(test.size() == 11);
  CHECK(class_counts(test.targets)[1] == 8);
  std::vector<float> all = train.values;
  all.insert(all.end(), validation.values.begin(), validation.values.end());
  all.insert(all.end(), test.values.begin(), test.values.end());
  std::sort(all.begin(), all.end());
  for (std::size_t i = 0; i < 40; ++i) CHECK(all[i] == static_cast<float>(i));
  // The test stays the same, whatever is set aside for validation.
  d.validation = 0;
  CHECK(PreparedData(folder.path() / "a.csv", d, std::nullopt).read(Part::test).values ==
        test.values);
  d.split_seed = 1;
  CHECK(PreparedData(folder.path() / "a.csv", d, std::nullopt).read(Part::test).values !=
        test.values);
}

TEST_CASE("A part that there isn't, or that would be empty, is said") {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "a.csv";
  write_file(path, table());
  CHECK_THROWS_WITH(
      PreparedData(path, {}, std::nullopt).read(Part::test),
      Contains("a.csv: has no test part: --test 0.2 sets a fifth of its samples aside"));
  Description d;
  d.validation = 0.001;
  CHECK_THROWS_WITH(
      PreparedData(path, d, std::nullopt).read(Part::train),
      "--validation 0.001: sets 0 of 40 samples aside, but some are to be set aside and "
      "some are to stay");
}

TEST_CASE("Mean and std are those of the training part, and all parts have them") {
  const TemporaryFolder folder;
  write_file(folder.path() / "train.csv", "a,label\n1,x\n3,y\n");
  write_file(folder.path() / "test.csv", "a,label\n100,y\n");
  Description d;
  d.normalize = true;
  PreparedData data(folder.path(), d, std::nullopt);
  CHECK(data.read(Part::test).normalization == Normalization{{2}, {1}});
  CHECK(data.description().normalization == Normalization{{2}, {1}});
  CHECK(data.description().reading.classes == std::vector<std::string>{"x", "y"});
  CHECK(data.description().format == "csv");
  d.normalization = {{5}, {6}};
  CHECK(PreparedData(folder.path(), d, std::nullopt).read(Part::train).normalization ==
        d.normalization);
  d.normalization = {{5, 5}, {6, 6}};
  CHECK_THROWS_WITH(PreparedData(folder.path(), d, std::nullopt).read(Part::train),
                    Contains("2 means for data of 1 channel"));
}

TEST_CASE("Images are scaled to the input where that is asked for") {
  const TemporaryFolder folder;
  write_part(folder.path(), Part::train, bars(3, 1));
  Description d;
  CHECK(PreparedData(folder.path(), d, Shape{3, 16, 20}).read(Part::train).shape ==
        Shape{1, 28, 28});
  d.resize = true;
  d.reading.color = Color::rgb;
  const Dataset data = PreparedData(folder.path(), d, Shape{3, 16, 20}).read(Part::train);
  CHECK(data.shape == Shape{3, 16, 20});
  CHECK(data.pixels.size() == 3 * 3 * 16 * 20);
  write_file(folder.path() / "a.csv", table());
  CHECK_THROWS_WITH(PreparedData(folder.path() / "a.csv", d, Shape{3, 16, 20}).read(Part::train),
                    Contains("--resize and --color are for images"));
}
