// What numbers a data set holds.
#pragma once
#include <etch/host/data/dataset.hpp>

namespace etch::host {

struct ChannelStatistics {
  float least = 0, most = 0;
  double mean = 0, std = 0;  // std of the population: divided by N
};

// Of each channel over all samples and pixels, in double precision and in the samples' order: the
// same bits for any number of threads.
std::vector<ChannelStatistics> statistics(const Dataset& data);

// Mean and std of each channel; a channel that is always the same is divided by 1, as
// scikit-learn's StandardScaler does.
Normalization measured(const Dataset& data);

// How many samples each class has.
std::vector<std::size_t> class_counts(const Targets& targets);

}  // namespace etch::host
