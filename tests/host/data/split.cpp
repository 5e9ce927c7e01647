// Samples that are set aside.
#include <etch/host/data/split.hpp>

#include "data/statistics.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace etch;
using namespace etch::host;

namespace {

// 60 of class 0, 30 of class 1, 10 of class 2, mixed.
Dataset unbalanced() {
  Dataset data{.shape = {1}};
  for (int i = 0; i < 100; ++i) {
    data.values.push_back(static_cast<float>(i));
    data.targets.labels.push_back(i % 10 < 6 ? 0 : i % 10 < 9 ? 1 : 2);
  }
  return data;
}

}  // namespace

TEST_CASE("Each sample is kept or set aside, and the balance of classes stays") {
  const Dataset data = unbalanced();
  const Split s = split(data, 0.2, 7);
  CHECK(s.kept.size() == 80);
  CHECK(class_counts(data.taken(s.aside).targets) == std::vector<std::size_t>{12, 6, 2});
  CHECK(std::is_sorted(s.kept.begin(), s.kept.end()));
  std::vector<std::uint32_t> all = s.kept;
  all.insert(all.end(), s.aside.begin(), s.aside.end());
  std::sort(all.begin(), all.end());
  for (std::uint32_t i = 0; i < 100; ++i) CHECK(all[i] == i);
}

TEST_CASE("The seed decides, and nothing else") {
  const Dataset data = unbalanced();
  CHECK(split(data, 0.2, 7).aside == split(data, 0.2, 7).aside);
  CHECK(split(data, 0.2, 7).aside != split(data, 0.2, 8).aside);
  // What a change of it would move into another part.
  Dataset numbers{.shape = {1}};
  numbers.values.resize(10);
  numbers.targets.width = 1;
  numbers.targets.values.resize(10);
  CHECK(split(numbers, 0.3, 0).aside.size() == 3);
  CHECK(split(numbers, 0, 0).aside.empty());
}
