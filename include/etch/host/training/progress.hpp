// How far a training run is: all that has to be kept, beside the arrays, for it to go on.
#pragma once
#include <etch/host/training/metrics.hpp>

#include <cstdint>
#include <utility>
#include <vector>

namespace etch::host {

// One finished epoch.
struct EpochScores {
  Scores train, test;  // train: over the epoch's batches, as they were trained on
  bool operator==(const EpochScores&) const = default;
};

// How far a training run is.
struct Progress {
  // At its begin, of a network with so many outputs.
  Progress(Task task, std::size_t outputs) : Progress(Metrics(task, outputs)) {}
  // With what was counted of the epoch so far.
  explicit Progress(Metrics counted) : running(std::move(counted)) {}

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
