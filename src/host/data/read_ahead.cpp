// Batches that are read while the one before is used.
#include <etch/host/data/read_ahead.hpp>

#include <system_error>

namespace etch::host {

ReadAhead::ReadAhead(const Dataset& data, Shape input, const Augmentation& augmentation,
                     std::uint64_t seed)
    : reader_(data, input, augmentation, seed),
      image_(input.elements()),
      streamed_(data.streamed != nullptr) {}

void ReadAhead::start(std::span<const std::uint32_t> indices, std::uint64_t epoch) {
  const auto read = [this, indices, epoch] {
    Batch b{std::vector<float>(indices.size() * image_), std::vector<std::int32_t>(indices.size())};
    reader_.read(indices, b.images, std::span(b.labels), epoch);
    return b;
  };
  if (streamed_) {
    try {
      next_ = std::async(std::launch::async, read);
      return;
    } catch (const std::system_error&) {  // no thread is to be had
    }
  }
  next_ = std::async(std::launch::deferred, read);
}

const ReadAhead::Batch& ReadAhead::take() {
  batch_ = next_.get();
  return batch_;
}

void ReadAhead::drop() { next_ = {}; }

}  // namespace etch::host
