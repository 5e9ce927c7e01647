// CSV files: read, and refused with line and column where something is missing.
#include "data/csv.hpp"

#include "host/data_files.hpp"
#include "process.hpp"

#include <etch/host/error.hpp>

#include <catch2/catch.hpp>

using namespace etch;
using namespace etch::host;
using Catch::Contains;
using Strings = std::vector<std::string>;

static Dataset read(const std::string& text, const Reading& reading = {}) {
  return read_csv(std::as_bytes(std::span(text)), "a.csv", reading);
}

TEST_CASE("Columns become features, and one of them classes") {
  const Dataset data = read("width,label,height\n1,cat,2.5\n-3e2,ant,+4\n");
  CHECK(data.shape == Shape{2});
  CHECK(data.features == Strings{"width", "height"});
  CHECK(data.values == std::vector<float>{1, 2.5f, -300, 4});
  CHECK(data.targets.names == Strings{"ant", "cat"});
  CHECK(data.targets.labels == std::vector<std::int32_t>{1, 0});
  CHECK(data.size() == 2);
}

TEST_CASE("Columns are chosen by name, in the order that is given") {
  const std::string text = "id,a,b,c,kind\n7,1,2,3,x\n8,4,5,6,y\n";
  const Dataset data = read(text, {.features = {"c", "a"}, .label = "kind"});
  CHECK(data.values == std::vector<float>{3, 1, 6, 4});
  const Dataset numbers = read(text, {.features = {"a"}, .targets = {"c", "b"}});
  CHECK_FALSE(numbers.targets.are_classes());
  CHECK(numbers.targets.names == Strings{"c", "b"});
  CHECK(numbers.targets.values == std::vector<float>{3, 2, 6, 5});
  CHECK(numbers.size() == 2);
}

TEST_CASE("Classes that are numbers are in the order of numbers") {
  CHECK(read("a,label\n1,10\n2,9\n3,-1\n").targets.names == Strings{"-1", "9", "10"});
  CHECK(read("a,label\n1,10\n2,9\n3,x\n").targets.names == Strings{"10", "9", "x"});
}

TEST_CASE("Known classes keep their places, and others are refused") {
  const Reading known{.classes = {"x", "y", "z"}};
  CHECK(read("a,label\n1,z\n2,y\n", known).targets.labels == std::vector<std::int32_t>{2, 1});
  CHECK_THROWS_WITH(read("a,label\n1,zz\n", known),
                    Contains("a.csv: line 2, column 'label': the training data has no class 'zz'"));
}

TEST_CASE("Quotes, blank lines, Windows' line ends, tabs, semicolons and a byte order mark") {
  const std::vector<float> expected{1, 2};
  for (const char* text :
       {"a,label\r\n1,x\r\n\r\n2,x\r\n", "\"a\",\"label\"\n\"1\",\"x\"\n2,x",
        "a\tlabel\n1\tx\n2\tx\n", "\xef\xbb\xbf\"a\",\"label\"\n1,x\n2,x\n", "a;label\n1;x\n2;x\n",
        "\xef\xbb\xbf"
        "a,label\n1,x\n2,x\n",
        " a , label \n 1 , x \n2, x\n"}) {
    INFO(text);
    const Dataset data = read(text);
    CHECK(data.values == expected);
    CHECK(data.features == Strings{"a"});
    CHECK(data.targets.names == Strings{"x"});
  }
  CHECK(read("a,label\n1,\"x, \"\"y\"\"\nz\"\n").targets.names == Strings{"x, \"y\"\nz"});
}

TEST_CASE("Damaged tables are refused by a sentence with line and column") {
  struct Case {
    const char* text;
    const char* message;
  };
  const std::vector<Case> cases = {
      {"", "is empty, but a header"},
      {"\n\n", "is empty, but a header"},
      {"a,label\n", "has a header, but no rows"},
      {"a,label\n1,x\n,y\n", "line 3, column 'a': is empty, but a number is expected"},
      {"a,label\n1,x\n\n\nten,y\n", "line 5, column 'a': 'ten' isn't a number"},
      {"a,label\n1 2,x\n", "line 2, column 'a': '1 2' isn't a number"},
      {"a,label\n0x10,x\n", "'0x10' isn't a number"},
      {"a,label\n+,x\n", "'+' isn't a number"},
      {"a,label\n1,\n", "line 2, column 'label': is empty, but a class is expected"},
      {"a,label\nnan,x\n", "'nan' isn't a finite number that a float holds"},
      {"a,label\n1e39,x\n", "'1e39' isn't a finite number that a float holds"},
      {"a,label\n1e999,x\n", "'1e999' isn't a finite number that a float holds"},
      {"a,label\n1,x\n2\n", "line 3 has 1 cell, but the header names 2 columns"},
      {"a,label\n1,x,3\n", "line 2 has 3 cells, but the header names 2 columns"},
      {"a,a,label\n1,2,x\n", "names two columns 'a'"},
      {"a,b\n1,2\n", "has no column 'label' (--label COLUMN names"},
      {"label\nx\n", "has no columns of features"},
      {"a,label\n1,\"x\n2,y\n", "line 3: a quoted cell doesn't end"},
      {"a,label\n1,\"x\" y\n", "line 2: a quoted cell doesn't end, or has a quote in it"},
  };
  for (const Case& c : cases) {
    INFO(c.text);
    CHECK_THROWS_WITH(read(c.text), Catch::StartsWith("a.csv: ") && Contains(c.message));
  }
  CHECK_THROWS_WITH(read("aa,label\n1,x\n", {.features = {"ab"}}),
                    "a.csv: has no column 'ab'; its columns are aa, label; did you mean aa?");
  CHECK_THROWS_WITH(read("a,label\n1,x\n", {.features = {"label"}}),
                    "a.csv: column 'label' is a target, so it can't be a feature");
}

TEST_CASE("A folder has a file a part") {
  const TemporaryFolder folder;
  write_file(folder.path() / "train.csv", "a,label\n1,x\n");
  write_file(folder.path() / "test.csv", "a,label\n2,x\n3,x\n");
  REQUIRE(is_csv(folder.path()));
  const auto source = open_csv(folder.path());
  CHECK(source->has(Part::train));
  CHECK_FALSE(source->has(Part::validation));
  CHECK(source->read(Part::test, {}).values == std::vector<float>{2, 3});
  const auto file = open_csv(folder.path() / "train.csv");
  CHECK(file->has(Part::train));
  CHECK_FALSE(file->has(Part::test));
}
