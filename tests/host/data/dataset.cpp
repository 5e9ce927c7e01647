// Samples with their targets, and whether a network can learn them.
#include <etch/host/data/dataset.hpp>

#include <etch/host/error.hpp>

#include <catch2/catch.hpp>

#include <limits>

using namespace etch;
using namespace etch::host;

namespace {

Dataset small() {
  Dataset data{.origin = "a.csv", .shape = {2}};
  data.values = {0, 1, 2, 3, 4, 5};
  data.targets.labels = {0, 1, 2};
  return data;
}

}  // namespace

TEST_CASE("Some of the samples, in another order") {
  Dataset data = small();
  data.targets.names = {"a", "b", "c"};
  data.normalization = {{1}, {2}};
  const std::vector<std::uint32_t> indices{2, 0};
  const Dataset some = data.taken(indices);
  CHECK(some.values == std::vector<float>{4, 5, 0, 1});
  CHECK(some.targets.labels == std::vector<std::int32_t>{2, 0});
  CHECK(some.targets.names == data.targets.names);
  CHECK(some.normalization == data.normalization);
  CHECK(some.targets.name(1) == "b");
  CHECK(small().targets.name(1) == "1");
}

TEST_CASE("The checksum tells samples, labels and targets apart") {
  const std::uint32_t sum = small().checksum();
  Dataset data = small();
  CHECK(data.checksum() == sum);
  data.values[3] = 9;
  CHECK(data.checksum() != sum);
  data = small();
  data.targets.labels[2] = 1;
  CHECK(data.checksum() != sum);
  data.targets.labels[2] = 256;
  CHECK(data.checksum() != sum);
  data = small();
  data.targets = {.values = {1, 2, 3}, .width = 1};
  const std::uint32_t numbers = data.checksum();
  data.targets.values[0] = 2;
  CHECK(data.checksum() != numbers);
}

TEST_CASE("Targets that a network's outputs don't fit are refused") {
  Dataset data = small();
  CHECK_NOTHROW(check_targets(data, 3));
  CHECK_NOTHROW(check_targets(data, 10));  // classes without names: not all need to occur
  CHECK_THROWS_WITH(check_targets(data, 2),
                    "a.csv: label 2 is 2, but the network has classes 0 to 1");
  data.targets.names = {"x", "y", "z"};
  CHECK_NOTHROW(check_targets(data, 3));
  CHECK_THROWS_WITH(check_targets(data, 10),
                    "a.csv: has 3 classes (x, y, z), but the network has 10 outputs");
  data.targets = {.values = {1, 2, 3}, .width = 1};
  CHECK_NOTHROW(check_targets(data, 1));
  CHECK_THROWS_WITH(check_targets(data, 3),
                    "a.csv: has targets of 1 number a sample, but the network has 3 outputs");
}

TEST_CASE("Targets of another task, or that it can't have, are refused") {
  Dataset data = small();
  CHECK_NOTHROW(check_targets(data, 3, Task::classes));
  CHECK_THROWS_WITH(check_targets(data, 3, Task::numbers),
                    "a.csv: its targets are classes, and only --loss cross_entropy takes them");
  data.targets = {.names = {"warm", "wet"}, .values = {0, 1, 0.5f, 1, 0, 1.5f}, .width = 2};
  CHECK_NOTHROW(check_targets(data, 2, Task::numbers));
  CHECK_THROWS_WITH(check_targets(data, 2, Task::classes),
                    Catch::StartsWith("a.csv: its targets are numbers, and --loss cross_entropy"));
  CHECK_THROWS_WITH(check_targets(data, 2, Task::labels),
                    "a.csv: target wet of sample 2 is 1.5, but a label's must be from 0 to 1");
  data.targets.values[2] = std::numeric_limits<float>::infinity();
  CHECK_THROWS_WITH(check_targets(data, 2, Task::numbers),
                    "a.csv: target warm of sample 1 is inf, but numbers must be finite");
}
