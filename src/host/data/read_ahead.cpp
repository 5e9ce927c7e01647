// Batches that are read while the one before is used.
#include <etch/host/data/read_ahead.hpp>

#include <system_error>

namespace etch::host {

ReadAhead::ReadAhead(const Dataset& data, Shape input, const Augmentation& augmentation,
                     std::uint64_t seed)
    : targets_(&data.targets),
      reader_(data, input, augmentation, seed),
      image_(input.elements()),
      streamed_(data.streamed != nullptr) {}

ReadAhead::Batch ReadAhead::read(std::span<const std::uint32_t> indices,
                                 std::uint64_t epoch) const {
  Batch b{.images = std::vector<float>(indices.size() * image_)};
  if (targets_->are_classes()) {
    b.labels.resize(indices.size());
    reader_.read(indices, b.images, std::span(b.labels), epoch);
  } else {
    b.values.resize(indices.size() * targets_->width);
    reader_.read(indices, b.images, std::span(b.values), epoch);
  }
  return b;
}

void ReadAhead::start(std::span<const std::uint32_t> indices, std::uint64_t epoch) {
  const auto read_them = [this, indices, epoch] { return read(indices, epoch); };
  if (streamed_) {
    try {
      next_ = std::async(std::launch::async, read_them);
      return;
    } catch (const std::system_error&) {  // no thread is to be had
    }
  }
  next_ = std::async(std::launch::deferred, read_them);
}

const ReadAhead::Batch& ReadAhead::take() {
  batch_ = next_.get();
  return batch_;
}

void ReadAhead::drop() { next_ = {}; }

}  // namespace etch::host
