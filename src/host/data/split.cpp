// Samples that are set aside.
#include <etch/host/data/split.hpp>

#include "data/statistics.hpp"

#include <etch/host/data/order.hpp>
#include <etch/random.hpp>

#include <algorithm>
#include <cmath>

namespace etch::host {

Split split(const Dataset& data, double share, std::uint64_t seed) {
  const bool by_class = data.targets.are_classes();
  std::vector<std::size_t> left = by_class ? class_counts(data.targets) : std::vector{data.size()};
  for (std::size_t& n : left) {
    n = static_cast<std::size_t>(std::llround(share * static_cast<double>(n)));
  }
  Split all;
  // A seed of its own: not the order of the first epoch.
  for (const std::uint32_t i : shuffled(data.size(), mix(seed ^ 0x73706c6974), 0)) {
    std::size_t& n = left[by_class ? static_cast<std::size_t>(data.targets.labels[i]) : 0];
    (n > 0 ? all.aside : all.kept).push_back(i);
    if (n > 0) --n;
  }
  std::sort(all.kept.begin(), all.kept.end());
  std::sort(all.aside.begin(), all.aside.end());
  return all;
}

}  // namespace etch::host
