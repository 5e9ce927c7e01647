// Samples with their targets, in memory, whatever files they came from.
#pragma once
#include <etch/host/data/normalization.hpp>
#include <etch/host/data/targets.hpp>
#include <etch/shape.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace etch::host {

// Parts of a data set.
enum class Part : unsigned char { train, validation, test };
const char* part_name(Part part);  // "train", "validation", "test"

// Samples that stay in their files.
class StreamedSamples {
 public:
  virtual ~StreamedSamples() = default;
  // The bytes of a sample (H, W, C); may be called by several threads. Throws an Error that names
  // the file where it isn't as it has to be.
  virtual std::vector<std::uint8_t> pixels(std::size_t index) const = 0;
};

// All samples of a part, of one shape, with their targets. Several threads may read it.
struct Dataset {
  std::string origin{};  // the file or folder that its errors name
  Shape shape{};         // of a sample
  // One of both, (N, height, width, channels): bytes stand for byte / 255.
  std::vector<std::uint8_t> pixels{};
  std::vector<float> values{};  // (N, height, width, channels)
  // Or neither: of all that are streamed, those of these indices.
  std::shared_ptr<const StreamedSamples> streamed{};
  std::vector<std::uint32_t> streamed_indices{};  // (N), of samples in `streamed`
  std::vector<std::string> features{};            // names of the channels, or none
  Targets targets{};                              // as many as samples
  Normalization normalization{};  // what is done to a sample before a network sees it

  // How many samples.
  std::size_t size() const;
  // Sample `index` as floats (H, W, C), not normalized. An Error where it is streamed and can't be.
  void copy(std::size_t index, std::span<float> to) const;
  // The samples of these indices, in this order.
  Dataset taken(std::span<const std::uint32_t> indices) const;
  // CRC-32 of all samples and targets: tells one data set from another.
  std::uint32_t checksum() const;
};

// Throws an Error where a network with so many outputs can't learn these targets: there are more or
// fewer named classes than outputs, a label is beyond them, or vectors are of another width.
void check_targets(const Dataset& data, std::size_t outputs);
// The same for a task: also where targets are vectors and classes are expected or the other way
// round, a target isn't finite, or one of a label isn't in [0, 1].
void check_targets(const Dataset& data, std::size_t outputs, Task task);

}  // namespace etch::host
