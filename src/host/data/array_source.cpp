// Arrays of features and of targets by name.
#include "data/array_source.hpp"

#include "data/layout.hpp"

#include <etch/host/error.hpp>
#include <etch/host/format.hpp>

#include <cmath>
#include <limits>

namespace etch::host {

namespace {

// Of a sample: elements, or numbers of a target.
std::size_t width_of(const NpyArray& array) {
  std::size_t width = 1;
  for (std::size_t i = 1; i < array.sizes.size(); ++i) width *= array.sizes[i];
  return width;
}

std::vector<float> floats(const NpyArray& array) {
  std::vector<float> all(array.count());
  for (std::size_t i = 0; i < all.size(); ++i) {
    const double value = array.number(i);
    if (!(std::abs(value) <= double{std::numeric_limits<float>::max()})) {
      throw Error(array.name, ": number ", i % width_of(array), " of sample ", i / width_of(array),
                  " is ", value, ", which isn't a finite number that a float holds");
    }
    all[i] = static_cast<float>(value);
  }
  return all;
}

void add_features(Dataset& data, const NpyArray& array, const Reading& reading) {
  const std::span sizes = std::span(array.sizes).subspan(1);
  data.shape = sample_shape(sizes, reading.layout);
  if (array.kind == 'u' && array.item == 1 && array.sizes.size() >= 3) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(array.data.data());
    data.pixels.assign(bytes, bytes + array.data.size());
  } else {
    data.values = floats(array);
  }
  if (sizes.size() < 3) return;
  to_nhwc(data.pixels, data.shape, reading.layout);
  to_nhwc(data.values, data.shape, reading.layout);
}

std::vector<std::int32_t> labels_of(const NpyArray& array) {
  constexpr double most = 1e9;  // a class more would be an output more
  std::vector<std::int32_t> labels(array.count());
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const double label = array.number(i);
    if (!(label >= 0 && label <= most)) {
      throw Error(array.name, ": label ", i, " is ", label, ", but classes are counted from 0");
    }
    labels[i] = static_cast<std::int32_t>(label);
  }
  return labels;
}

void add_targets(Dataset& data, const NpyArray& array, const Reading& reading) {
  if (array.sizes.size() > 2) {
    throw Error(array.name, ": targets of shape ", shape_text(array.sizes),
                ", but (N) classes or (N, K) numbers are expected");
  }
  const bool are_classes = array.kind != 'f' && width_of(array) == 1;
  if (are_classes) {
    data.targets.labels = labels_of(array);
    data.targets.names = reading.classes;
  } else {
    data.targets.values = floats(array);
    data.targets.width = width_of(array);
  }
}

}  // namespace

Dataset samples(const NpyArray& features, const Reading& reading) {
  if (features.sizes.empty() || features.sizes.size() > 4) {
    throw Error(features.name, ": features of shape ", shape_text(features.sizes),
                ", but (N), (N, F), (N, H, W) or (N, H, W, C) is expected");
  }
  if (features.count() == 0) {
    throw Error(features.name, ": holds nothing: its shape is ", shape_text(features.sizes));
  }
  Dataset data{.origin = features.name};
  add_features(data, features, reading);
  return fitted(std::move(data), reading);
}

Dataset joined(const NpyArray& features, const NpyArray& targets, const Reading& reading) {
  Dataset data = samples(features, reading);
  if (targets.sizes.empty() || targets.sizes[0] != features.sizes[0] || targets.count() == 0) {
    throw Error(targets.name, ": targets of shape ", shape_text(targets.sizes), ", but ",
                features.name, " holds ", features.sizes[0], " samples");
  }
  add_targets(data, targets, reading);
  return data;
}

std::string ArraySource::found(const std::string& first, const std::string& suffix) const {
  std::string large = first;
  large[0] = static_cast<char>(large[0] - 'a' + 'A');
  return contains(large + suffix) && !contains(first + suffix) ? large + suffix : first + suffix;
}

std::string ArraySource::suffix(Part part) const {
  if (part == Part::test) return "_test";
  if (part == Part::validation) return "_val";
  return contains(found("x", "_train")) ? "_train" : "";
}

bool ArraySource::has(Part part) const { return contains(found("x", suffix(part))); }

Dataset ArraySource::read(Part part, const Reading& reading) const {
  const std::string x = found("x", suffix(part)), y = found("y", suffix(part));
  for (const std::string& name : {x, y}) {
    if (!contains(name)) {
      throw Error(path_.string(), ": has no array ", name,
                  "; expected are x and y, or x_train and y_train (and _val, _test)");
    }
  }
  const std::vector<std::byte> features = bytes(x), targets = bytes(y);
  return joined(parse_npy(features, place(x)), parse_npy(targets, place(y)), reading);
}

}  // namespace etch::host
