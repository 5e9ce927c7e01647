// Batches that are read while the one before is used.
#pragma once
#include <etch/host/data/batch_reader.hpp>

#include <future>

namespace etch::host {

// Reads batches ahead of their use: by a thread of its own what is streamed, and at take() what is
// in memory.
class ReadAhead {
 public:
  // What take() returns.
  struct Batch {
    std::vector<float> images{};         // (N, H, W, C)
    std::vector<std::int32_t> labels{};  // (N), or none
    std::vector<float> values{};         // (N, width), or none

    // Where there are neither samples nor targets: no labels.
    BatchTargets targets() const {
      if (values.empty()) return std::span(labels);
      return std::span(values);
    }
  };

  // The data must outlive it.
  ReadAhead(const Dataset& data, Shape input, const Augmentation& augmentation, std::uint64_t seed);

  // Begins to read the samples of these indices, which must stay until take() or drop().
  void start(std::span<const std::uint32_t> indices, std::uint64_t epoch);
  // Whether something was begun that was not taken or dropped.
  bool started() const { return next_.valid(); }
  // What was begun last, which stays until the next take(). Throws what reading it threw.
  const Batch& take();
  // Forgets what was begun.
  void drop();

 private:
  Batch read(std::span<const std::uint32_t> indices, std::uint64_t epoch) const;

  const Targets* targets_;
  BatchReader reader_;
  std::size_t image_;
  bool streamed_;
  Batch batch_{};
  std::future<Batch> next_{};
};

}  // namespace etch::host
