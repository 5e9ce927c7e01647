// A folder with a folder of images a class.
#include "data/image_folder.hpp"

#include "host/data_files.hpp"
#include "process.hpp"

#include <etch/host/error.hpp>

#include <catch2/catch.hpp>

using namespace etch;
using namespace etch::host;
namespace fs = std::filesystem;
using Catch::Contains;

namespace {

void add(const fs::path& path, const std::string& bytes) {
  fs::create_directories(path.parent_path());
  write_file(path, bytes);
}

Dataset read(const fs::path& folder, const Reading& reading = {}, Part part = Part::train) {
  return open_image_folder(folder)->read(part, reading);
}

}  // namespace

TEST_CASE("Classes are folders, in the order of their names, PNG beside JPEG") {
  const TemporaryFolder folder;
  const Image a = pattern({3, 4, 5}, 1), b = pattern({3, 4, 5}, 2), c = pattern({3, 4, 5}, 3);
  add(folder.path() / "dog" / "2.png", png_file(b));
  add(folder.path() / "dog" / "1.PNG", png_file(a));
  add(folder.path() / "cat" / "x.jpeg", jpeg_file(c));
  add(folder.path() / "cat" / ".hidden", "no image");
  add(folder.path() / "README", "beside the classes");
  REQUIRE(is_image_folder(folder.path()));
  const Dataset data = read(folder.path());
  CHECK(data.shape == Shape{3, 4, 5});
  CHECK(data.targets.names == std::vector<std::string>{"cat", "dog"});
  CHECK(data.targets.labels == std::vector<std::int32_t>{0, 1, 1});
  const std::vector<std::uint8_t> dogs(data.pixels.begin() + 60, data.pixels.end());
  std::vector<std::uint8_t> expected = a.pixels;
  expected.insert(expected.end(), b.pixels.begin(), b.pixels.end());
  CHECK(dogs == expected);
}

TEST_CASE("Parts are folders of folders, whose classes are the training part's") {
  const TemporaryFolder folder;
  for (const char* name : {"a", "b", "c"}) {
    add(folder.path() / "train" / name / "0.png", png_file(pattern({1, 2, 2})));
  }
  add(folder.path() / "val" / "c" / "0.png", png_file(pattern({1, 2, 2})));
  REQUIRE(is_image_folder(folder.path()));
  const auto source = open_image_folder(folder.path());
  CHECK(source->has(Part::validation));
  CHECK_FALSE(source->has(Part::test));
  const std::vector<std::string> classes = source->read(Part::train, {}).targets.names;
  const Dataset validation = source->read(Part::validation, {.classes = classes});
  CHECK(validation.targets.labels == std::vector<std::int32_t>{2});
  CHECK(validation.targets.names == classes);
  add(folder.path() / "val" / "d" / "0.png", png_file(pattern({1, 2, 2})));
  CHECK_THROWS_WITH(source->read(Part::validation, {.classes = classes}),
                    Contains("val/d: the training data has no class of this name"));
}

TEST_CASE("A folder of such folders isn't one") {
  const TemporaryFolder folder;
  add(folder.path() / "flowers" / "rose" / "0.png", png_file(pattern({1, 2, 2})));
  CHECK_FALSE(is_image_folder(folder.path()));
  CHECK(is_image_folder(folder.path() / "flowers"));
}

TEST_CASE("Images of several sizes and colours are one shape once that is asked for") {
  const TemporaryFolder folder;
  add(folder.path() / "a" / "0.png", png_file(pattern({3, 8, 8})));
  add(folder.path() / "a" / "1.png", png_file(pattern({3, 9, 8})));
  CHECK_THROWS_WITH(read(folder.path()),
                    Contains("a/1.png: is an image of 3x9x8, but ") &&
                        Contains("a/0.png is of 3x8x8: --resize makes them alike"));
  add(folder.path() / "a" / "1.png", png_file(pattern({1, 8, 8})));
  CHECK_THROWS_WITH(read(folder.path()), Contains("--color gray or rgb makes them alike"));
  add(folder.path() / "a" / "2.png", png_file(pattern({1, 3, 30})));
  const Dataset data = read(folder.path(), {.color = Color::gray, .size = Pair{4, 4}});
  CHECK(data.shape == Shape{1, 4, 4});
  CHECK(data.size() == 3);
}

TEST_CASE("What takes more than memory may hold stays in its files, and is the same data") {
  const TemporaryFolder folder;
  for (std::uint64_t i = 0; i < 6; ++i) {
    const char* name = i % 2 == 0 ? "a" : "b";
    add(folder.path() / name / (std::to_string(i) + ".png"), png_file(pattern({3, 8, 8}, i)));
  }
  const Dataset kept = read(folder.path(), {.memory = 6 * 192});
  const Dataset streamed = read(folder.path(), {.memory = 6 * 192 - 1});
  CHECK_FALSE(kept.streamed);
  REQUIRE(streamed.streamed);
  CHECK(streamed.pixels.empty());
  CHECK(streamed.size() == 6);
  CHECK(streamed.shape == kept.shape);
  CHECK(streamed.checksum() == kept.checksum());
  const std::vector<std::uint32_t> some{4, 1, 3}, last{2, 0};
  const Dataset a = kept.taken(some).taken(last), b = streamed.taken(some).taken(last);
  CHECK(a.checksum() == b.checksum());
  CHECK(a.targets.labels == b.targets.labels);
  std::vector<float> x(192), y(192);
  a.copy(1, x);
  b.copy(1, y);
  CHECK(x == y);
  // A file that changed since.
  add(folder.path() / "a" / "0.png", png_file(pattern({3, 9, 8})));
  CHECK_THROWS_WITH(streamed.copy(0, x), Contains("0.png: is an image of 3x9x8"));
}

TEST_CASE("What isn't an image in a class's folder is named") {
  const TemporaryFolder folder;
  add(folder.path() / "a" / "0.png", png_file(pattern({3, 8, 8})));
  add(folder.path() / "a" / "notes.txt", "text");
  CHECK_THROWS_WITH(read(folder.path()),
                    Contains("a/notes.txt: is neither a PNG nor a JPEG image"));
  fs::remove(folder.path() / "a" / "notes.txt");
  fs::create_directory(folder.path() / "b");
  CHECK_THROWS_WITH(read(folder.path()), Contains("b: holds no images"));
  fs::create_directory(folder.path() / "b" / "c");
  CHECK_THROWS_WITH(read(folder.path()), Contains("b/c: isn't a file"));
}
