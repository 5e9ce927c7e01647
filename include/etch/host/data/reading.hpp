// How files become samples: what the files themselves don't say.
#pragma once
#include <etch/shape.hpp>

#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace etch::host {

enum class Layout : bool { nhwc, nchw };                // of arrays of images
enum class Color : unsigned char { as_is, gray, rgb };  // 1 or 3 channels

// How the samples of any format are read.
struct Reading {
  // Columns of a CSV file. No features: all that aren't targets; no label and no targets: "label".
  std::vector<std::string> features{}, targets{};
  std::string label{};           // a column whose values are classes
  Layout layout = Layout::nhwc;  // of an NPY or NPZ file's images
  Color color = Color::as_is;    // what image files are converted to
  std::optional<Pair> size{};    // images are scaled to cover it, and cut around the middle
  // Bytes of images that may be kept; a folder that takes more is read anew in each epoch.
  std::size_t memory = std::numeric_limits<std::size_t>::max();
  std::vector<std::string> classes{};  // names that are known before, in their order
};

}  // namespace etch::host
