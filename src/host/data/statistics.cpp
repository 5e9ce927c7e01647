// What numbers a data set holds.
#include "data/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace etch::host {

// Calls f(channel, value) for every number.
template <class F>
static void each_value(const Dataset& data, const F& f) {
  std::vector<float> sample(data.shape.elements());
  const std::size_t channels = data.shape.channels;
  for (std::size_t n = 0; n < data.size(); ++n) {
    data.copy(n, sample);
    for (std::size_t i = 0; i < sample.size(); i += channels) {
      for (std::size_t c = 0; c < channels; ++c) f(c, sample[i + c]);
    }
  }
}

std::vector<ChannelStatistics> statistics(const Dataset& data) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  std::vector<ChannelStatistics> all(data.shape.channels, {infinity, -infinity});
  each_value(data, [&](std::size_t c, float value) {
    all[c].least = std::min(all[c].least, value);
    all[c].most = std::max(all[c].most, value);
    all[c].mean += static_cast<double>(value);
  });
  const auto count = static_cast<double>(data.size() * data.shape.height * data.shape.width);
  for (ChannelStatistics& s : all) s.mean /= count;
  each_value(data, [&](std::size_t c, float value) {
    const double d = static_cast<double>(value) - all[c].mean;
    all[c].std += d * d;
  });
  for (ChannelStatistics& s : all) s.std = s.least == s.most ? 0 : std::sqrt(s.std / count);
  return all;
}

Normalization measured(const Dataset& data) {
  Normalization n;
  for (const ChannelStatistics& s : statistics(data)) {
    const auto std = static_cast<float>(s.std);
    n.mean.push_back(static_cast<float>(s.mean));
    n.std.push_back(std > 0 ? std : 1);
  }
  return n;
}

std::vector<std::size_t> class_counts(const Targets& targets) {
  std::vector<std::size_t> counts(targets.names.size());
  for (const std::int32_t label : targets.labels) {
    const auto c = static_cast<std::size_t>(label);
    if (c >= counts.size()) counts.resize(c + 1);
    ++counts[c];
  }
  return counts;
}

}  // namespace etch::host
