// Samples with their targets, in memory.
#include <etch/host/data/dataset.hpp>

#include <etch/host/error.hpp>

#include <zlib.h>

#include <algorithm>
#include <cmath>

namespace etch::host {

const char* part_name(Part part) {
  return part == Part::train ? "train" : part == Part::test ? "test" : "validation";
}

std::string Targets::name(std::size_t index) const {
  return index < names.size() ? names[index] : std::to_string(index);
}

std::size_t Dataset::size() const {
  return streamed ? streamed_indices.size() : (pixels.size() + values.size()) / shape.elements();
}

static void copy_bytes(std::span<const std::uint8_t> bytes, std::span<float> to) {
  for (std::size_t i = 0; i < bytes.size(); ++i) to[i] = static_cast<float>(bytes[i]) / 255.0f;
}

void Dataset::copy(std::size_t index, std::span<float> to) const {
  const std::size_t n = shape.elements();
  if (streamed) {
    copy_bytes(streamed->pixels(streamed_indices[index]), to);
  } else if (!pixels.empty()) {
    copy_bytes(std::span(pixels).subspan(index * n, n), to);
  } else {
    std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(index * n), n, to.begin());
  }
}

// Rows of `width`; nothing of an empty array.
template <class T>
static std::vector<T> rows(const std::vector<T>& all, std::size_t width,
                           std::span<const std::uint32_t> indices) {
  std::vector<T> taken;
  if (all.empty()) return taken;
  taken.reserve(indices.size() * width);
  for (const std::size_t i : indices) {
    const auto begin = all.begin() + static_cast<std::ptrdiff_t>(i * width);
    taken.insert(taken.end(), begin, begin + static_cast<std::ptrdiff_t>(width));
  }
  return taken;
}

Dataset Dataset::taken(std::span<const std::uint32_t> indices) const {
  Dataset some{.origin = origin,
               .shape = shape,
               .streamed = streamed,
               .features = features,
               .targets = {.names = targets.names, .width = targets.width},
               .normalization = normalization};
  some.pixels = rows(pixels, shape.elements(), indices);
  some.streamed_indices = rows(streamed_indices, 1, indices);
  some.values = rows(values, shape.elements(), indices);
  some.targets.labels = rows(targets.labels, 1, indices);
  some.targets.values = rows(targets.values, targets.width, indices);
  return some;
}

// (Without bytes crc32_z gives its first value.)
template <class T>
static uLong added(uLong sum, const std::vector<T>& values) {
  if (values.empty()) return sum;
  return crc32_z(sum, reinterpret_cast<const Bytef*>(values.data()), values.size() * sizeof(T));
}

std::uint32_t Dataset::checksum() const {
  uLong sum = added(added(crc32_z(0, nullptr, 0), pixels), values);
  for (const std::uint32_t i : streamed_indices) sum = added(sum, streamed->pixels(i));
  const auto is_byte = [](std::int32_t label) { return label < 256; };
  if (std::all_of(targets.labels.begin(), targets.labels.end(), is_byte)) {
    // As idx files have them: so checkpoints have counted them since there have been any.
    sum = added(sum, std::vector<std::uint8_t>(targets.labels.begin(), targets.labels.end()));
  } else {
    sum = added(sum, targets.labels);
  }
  return static_cast<std::uint32_t>(added(sum, targets.values));
}

static std::string listed(const std::vector<std::string>& names) {
  constexpr std::size_t most = 12;
  std::string all;
  for (std::size_t i = 0; i < std::min(names.size(), most); ++i) {
    all += (i == 0 ? "" : ", ") + names[i];
  }
  return names.size() > most ? all + ", .." : all;
}

static void check_labels(const Dataset& data, std::size_t outputs) {
  const Targets& t = data.targets;
  if (!t.names.empty() && t.names.size() != outputs) {
    throw Error(data.origin, ": has ", t.names.size(), " classes (", listed(t.names),
                "), but the network has ", outputs, " outputs");
  }
  for (std::size_t i = 0; i < t.labels.size(); ++i) {
    if (static_cast<std::size_t>(t.labels[i]) < outputs) continue;
    throw Error(data.origin, ": label ", i, " is ", t.labels[i],
                ", but the network has classes 0 to ", outputs - 1);
  }
}

void check_targets(const Dataset& data, std::size_t outputs) {
  if (data.targets.are_classes()) return check_labels(data, outputs);
  if (data.targets.width == outputs) return;
  throw Error(data.origin, ": has targets of ", data.targets.width,
              data.targets.width == 1 ? " number" : " numbers", " a sample, but the network has ",
              outputs, " outputs");
}

// Row and column count from 0.
static void check_values(const Dataset& data, Task task) {
  const Targets& t = data.targets;
  for (std::size_t i = 0; i < t.values.size(); ++i) {
    const float value = t.values[i];
    const bool allowed = task == Task::labels ? value >= 0 && value <= 1 : std::isfinite(value);
    if (allowed) continue;
    throw Error(data.origin, ": target ", t.name(i % t.width), " of sample ", i / t.width, " is ",
                value,
                task == Task::labels ? ", but a label's must be from 0 to 1"
                                     : ", but numbers must be finite");
  }
}

void check_targets(const Dataset& data, std::size_t outputs, Task task) {
  if (task == Task::classes && !data.targets.are_classes()) {
    throw Error(data.origin,
                ": its targets are numbers, and --loss cross_entropy takes classes: "
                "choose --loss mse, l1, smooth_l1 or huber, or bce_with_logits for labels of which "
                "several may hold");
  }
  if (task != Task::classes && data.targets.are_classes()) {
    throw Error(data.origin, ": its targets are classes, and only --loss cross_entropy takes them");
  }
  check_targets(data, outputs);
  check_values(data, task);
}

}  // namespace etch::host
