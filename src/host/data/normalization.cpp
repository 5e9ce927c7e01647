// (x - mean) / std of each channel.
#include <etch/host/data/normalization.hpp>

#include <etch/host/error.hpp>

#include <cmath>

namespace etch::host {

void Normalization::apply(std::span<float> sample) const {
  if (mean.empty()) return;
  const std::size_t channels = mean.size();
  for (std::size_t i = 0; i < sample.size(); i += channels) {
    for (std::size_t c = 0; c < channels; ++c) {
      sample[i + c] = (sample[i + c] - mean[c]) / std[c];
    }
  }
}

static void check_count(const char* what, std::size_t count, std::size_t channels) {
  if (count == 1 || count == channels) return;
  throw Error("there ", count == 1 ? "is " : "are ", count, " ", what, " for data of ", channels,
              channels == 1 ? " channel" : " channels",
              ": one for each is expected, or one for all");
}

void check(const Normalization& normalization, std::size_t channels) {
  const auto& [mean, std] = normalization;
  if (mean.size() != std.size()) {
    throw Error("the mean has ", mean.size(), " and the std ", std.size(),
                " numbers: as many are expected");
  }
  if (mean.empty()) return;
  check_count("means", mean.size(), channels);
  for (std::size_t c = 0; c < std.size(); ++c) {
    if (!std::isfinite(mean[c])) throw Error("mean ", mean[c], " of channel ", c, ": isn't finite");
    if (std::isfinite(std[c]) && std[c] > 0) continue;
    throw Error("std ", std[c], " of channel ", c, ": must be more than 0");
  }
}

}  // namespace etch::host
