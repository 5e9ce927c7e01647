// How far a training run is: all that has to be kept, beside the arrays, for it to go on.
#pragma once
#include <etch/host/training/metrics.hpp>

#include <cstdint>
#include <vector>

namespace etch::host {

// One finished epoch.
struct EpochScores {
  Scores train, test;  // train: over the epoch's batches, as they were trained on
  bool operator==(const EpochScores&) const = default;
};

// How far a training run is.
struct Progress {
  // At its begin, with so many classes.
  explicit Progress(std::size_t classes) : running(classes) {}

  std::uint64_t epoch = 0;           // finished
  std::uint64_t position = 0;        // images of the epoch after it that were trained on
  std::uint64_t runs = 0;            // batches: where the generator of random numbers is
  std::uint64_t updates = 0;         // of the optimizer
  std::uint64_t images = 0;          // of the training data
  std::uint64_t data_checksum = 0;   // of the training data
  Metrics running;                   // over `position` images
  std::vector<EpochScores> history;  // of the finished epochs
};

}  // namespace etch::host
