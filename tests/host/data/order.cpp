// In which order the samples of a data set are seen.
#include <etch/host/data/order.hpp>

#include <catch2/catch.hpp>

#include <algorithm>

using namespace etch::host;

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
