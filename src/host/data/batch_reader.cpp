// Samples of a data set as a network's input.
#include <etch/host/data/batch_reader.hpp>

#include <etch/host/error.hpp>
#include <etch/host/format.hpp>

#include <algorithm>

namespace etch::host {

static bool is_vector(Shape shape) { return shape.height == 1 && shape.width == 1; }

// How many pixels of zeros each side gets, at most 2.
static std::size_t padding_of(const Dataset& data, Shape input) {
  const Shape shape = data.shape;
  if (shape == input || (is_vector(shape) && shape.channels == input.elements())) return 0;
  const std::size_t padding = (input.height - shape.height) / 2;
  if (padding <= 2 && shape.channels == input.channels &&
      shape.height + 2 * padding == input.height && shape.width + 2 * padding == input.width) {
    return padding;
  }
  if (is_vector(shape)) {
    throw Error("the network takes ", input.elements(), " numbers (", shape_text(input),
                "), but the data's samples are vectors of ", shape.channels);
  }
  throw Error("the network takes images of ", input.channels, "x", input.height, "x", input.width,
              ", but the data's are ", shape.channels, "x", shape.height, "x", shape.width,
              " (up to 2 pixels a side are padded; --resize scales images, --color gray or rgb "
              "makes 1 or 3 channels of them)");
}

BatchReader::BatchReader(const Dataset& data, Shape input, const Augmentation& augmentation,
                         std::uint64_t seed)
    : data_(&data),
      input_(input),
      padding_(padding_of(data, input)),
      augmentation_(augmentation),
      seed_(seed) {
  check(augmentation, input);
  check(data.normalization, data.shape.channels);
}

void BatchReader::place(std::size_t index, std::span<float> image) const {
  if (padding_ == 0) return data_->copy(index, image);
  std::vector<float> sample(data_->shape.elements());
  data_->copy(index, sample);
  std::fill(image.begin(), image.end(), 0.0f);
  const std::size_t row = data_->shape.width * input_.channels;
  const std::size_t to = input_.width * input_.channels;
  for (std::size_t r = 0; r < data_->shape.height; ++r) {
    std::copy_n(&sample[r * row], row, &image[(r + padding_) * to + padding_ * input_.channels]);
  }
}

void BatchReader::read(std::span<const std::uint32_t> indices, std::span<float> images,
                       std::uint64_t epoch) const {
  const std::size_t n = input_.elements();
  for (std::size_t i = 0; i < indices.size(); ++i) {
    const std::span image = images.subspan(i * n, n);
    place(indices[i], image);
    augment(image, input_, augmentation_, {seed_, epoch, indices[i]});
    data_->normalization.apply(image);
  }
}

void BatchReader::read(std::span<const std::uint32_t> indices, std::span<float> images,
                       std::span<std::int32_t> labels, std::uint64_t epoch) const {
  if (!data_->targets.are_classes()) {
    throw Error(data_->origin, ": its targets are numbers, but classes are expected");
  }
  read(indices, images, epoch);
  for (std::size_t i = 0; i < indices.size(); ++i) labels[i] = data_->targets.labels[indices[i]];
}

void BatchReader::read(std::span<const std::uint32_t> indices, std::span<float> images,
                       std::span<float> values, std::uint64_t epoch) const {
  if (data_->targets.are_classes()) {
    throw Error(data_->origin, ": its targets are classes, but numbers are expected");
  }
  read(indices, images, epoch);
  const std::size_t width = data_->targets.width;
  for (std::size_t i = 0; i < indices.size(); ++i) {
    std::copy_n(&data_->targets.values[indices[i] * width], width, &values[i * width]);
  }
}

}  // namespace etch::host
