// Samples that are set aside for validation or a test.
#pragma once
#include <etch/host/data/dataset.hpp>

namespace etch::host {

// Which samples stay and which are set aside, by index.
struct Split {
  std::vector<std::uint32_t> kept, aside;  // both in ascending order
};

// Sets this share of the samples aside, drawn by the seed: of each class the same share, rounded,
// so that the balance stays. The same on every machine.
Split split(const Dataset& data, double share, std::uint64_t seed);

}  // namespace etch::host
