// In which order the samples of a data set are seen.
#include <etch/host/data/order.hpp>

#include <etch/random.hpp>

#include <numeric>
#include <utility>

namespace etch::host {

std::vector<std::uint32_t> in_order(std::size_t size) {
  std::vector<std::uint32_t> all(size);
  std::iota(all.begin(), all.end(), 0u);
  return all;
}

std::vector<std::uint32_t> shuffled(std::size_t size, std::uint64_t seed, std::uint64_t epoch) {
  // A seed of its own: not the numbers that the parameters began with.
  Generator random{mix(~seed) + epoch};
  std::vector<std::uint32_t> all = in_order(size);
  for (std::size_t i = size; i > 1; --i) std::swap(all[i - 1], all[random.below(i)]);
  return all;
}

}  // namespace etch::host
