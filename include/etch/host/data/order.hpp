// In which order the samples of a data set are seen.
#pragma once
#include <etch/compiler.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace etch::host {

// 0 .. size - 1, shuffled by seed and epoch: the same on every machine.
std::vector<std::uint32_t> shuffled(std::size_t size, std::uint64_t seed, std::uint64_t epoch);
// 0 .. size - 1.
std::vector<std::uint32_t> in_order(std::size_t size);

}  // namespace etch::host
