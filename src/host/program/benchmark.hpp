// Whole inference and training steps, timed; and how much they compute.
#pragma once
#include <etch/host/program/session.hpp>

#include <functional>

namespace etch::host {

// Seconds of one call.
struct Timing {
  double median = 0, min = 0, max = 0;
  std::size_t samples = 0;  // that these are of
  std::size_t calls = 0;    // in each sample: a short call is timed with others
};

// Calls `run` to warm up, then times it: `repeat` samples, or with 0 as many as take two seconds,
// from 5 to 1000.
Timing time_calls(const std::function<void()>& run, std::size_t repeat);

// Multiply-accumulates that one run takes for an image: all, and without those that only meet
// padding. What is computed again in backward counts once.
struct Work {
  std::uint64_t counted = 0, real = 0;
};
Work work_of(GraphView graph, const Program& program);

// Images and labels that are as good as any for timing.
struct RandomBatch {
  RandomBatch(GraphView graph, std::size_t batch);
  std::vector<float> images;  // (N, H, W, C)
  std::vector<std::int32_t> labels;
};

// Inference<> with options chosen at run time, and random weights.
class InferenceRun {
 public:
  InferenceRun(GraphView graph, InferenceOptions options);
  InferenceRun(const InferenceRun&) = delete;
  InferenceRun& operator=(const InferenceRun&) = delete;

  const Program& program() const { return program_; }
  // The outputs (N, classes) of the images that it holds.
  std::span<const float> operator()();

 private:
  GraphView graph_;
  Program program_;
  Block<float> parameters_;
  Block<std::byte> prepared_, arena_;
  RandomBatch batch_;
  Memory memory_;
};

// The most memory that the process has had so far; 0 where the system doesn't tell (not Linux).
std::size_t peak_rss_bytes();

}  // namespace etch::host
