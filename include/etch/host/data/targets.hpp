// What a network is trained to output.
#pragma once
#include <etch/compiler.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace etch::host {

// One class a sample; several labels that hold or don't, each on its own (multi-label); or numbers
// (regression).
enum class Task : unsigned char { classes, labels, numbers };

// Of a batch: classes (N), from 0; or vectors (N, width), of labels' probabilities or of numbers.
using BatchTargets = std::variant<std::span<const std::int32_t>, std::span<const float>>;

// Those of a data set.
struct Targets {
  // Of the classes, or of the numbers of a vector. Empty: classes are called 0, 1, 2, ...
  std::vector<std::string> names{};
  std::vector<std::int32_t> labels{};  // (N), from 0; empty where targets are vectors
  std::vector<float> values{};         // (N, width); empty where targets are classes
  std::size_t width = 0;               // of a vector; 0 where targets are classes

  // Whether a target is a class.
  bool are_classes() const { return width == 0; }
  // "cat", or "3" where classes have no names.
  std::string name(std::size_t index) const;
};

}  // namespace etch::host
