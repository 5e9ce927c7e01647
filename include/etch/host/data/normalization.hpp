// (x - mean) / std of each channel, as torchvision's Normalize and scikit-learn's StandardScaler.
#pragma once
#include <etch/compiler.hpp>

#include <span>
#include <vector>

namespace etch::host {

// y = (x - mean) / std. One mean and one std for each channel of a sample (a vector's features are
// its channels), or one for all. Both empty: nothing is done.
struct Normalization {
  std::vector<float> mean, std;  // as many: one a channel, or one; std above 0

  bool operator==(const Normalization&) const = default;
  // Of a sample (H, W, C), in place.
  void apply(std::span<float> sample) const;
};

// Throws an Error where there isn't one mean and std for each channel or one for all, or where a
// std isn't more than 0.
void check(const Normalization& normalization, std::size_t channels);

}  // namespace etch::host
