// What numbers a data set holds.
#include "data/statistics.hpp"

#include <catch2/catch.hpp>

using namespace etch;
using namespace etch::host;

TEST_CASE("Least, most, mean and std of each channel") {
  Dataset data{.shape = {2, 1, 2}};
  data.values = {1, 5, 3, 5, 5, 5, 7, 5};
  data.targets.labels = {0, 1};
  const std::vector<ChannelStatistics> all = statistics(data);
  REQUIRE(all.size() == 2);
  CHECK(all[0].least == 1);
  CHECK(all[0].most == 7);
  CHECK(all[0].mean == 4);
  CHECK(all[0].std == Approx(std::sqrt(5.0)));
  CHECK(all[1].std == 0);
  const Normalization n = measured(data);
  CHECK(n.mean == std::vector<float>{4, 5});
  CHECK(n.std == std::vector<float>{static_cast<float>(std::sqrt(5.0)), 1});
}

TEST_CASE("Pixels count as fractions of 255") {
  Dataset data{.shape = {1, 1, 2}};
  data.pixels = {0, 255};
  data.targets.labels = {0};
  CHECK(statistics(data)[0].mean == 0.5);
  CHECK(statistics(data)[0].most == 1);
}

TEST_CASE("Samples of each class, also of those that have none") {
  Targets targets{.names = {"a", "b", "c", "d"}};
  targets.labels = {1, 1, 2};
  CHECK(class_counts(targets) == std::vector<std::size_t>{0, 2, 1, 0});
  targets.names.clear();
  CHECK(class_counts(targets) == std::vector<std::size_t>{0, 2, 1});
}
