// What every program says of itself, for tests/firmware/check.py: the constants of its objects,
// which must be what the linker put into the image, and how many instructions it took.
#pragma once
#include <etch/trainer.hpp>

#include <algorithm>
#include <cmath>
#include <span>

#include "print.hpp"

namespace firmware {

// `name` is the object's symbol in the image.
template <class Inference>
void report_inference(const char* name) {
  print("inference ", name, " object ", sizeof(Inference), " arena ", Inference::arena_bytes,
        " prepared ", Inference::prepared_bytes, "\n");
}
template <class Trainer>
void report_trainer(const char* name) {
  print("trainer ", name, " object ", sizeof(Trainer), " parameters ", Trainer::parameter_bytes,
        " gradients ", Trainer::gradient_bytes, " optimizer ", Trainer::optimizer_bytes, " arena ",
        Trainer::arena_bytes, "\n");
}
template <class Net>
void report_parameters(const char* name) {
  print("parameters ", name, " bytes ", Net::parameter_bytes, "\n");
}

// Last of all: `instructions` of one `what`, and the stack that was used.
inline void report_run(const char* what, std::uint64_t instructions) {
  print("instructions ", instructions, " ", what, "\n");
  print("stack ", machine::stack_used(), "\n");
}

// FNV-1a of the bits.
inline std::uint32_t hash(std::span<const float> values) {
  std::uint32_t h = 2166136261u;
  for (const std::byte b : std::as_bytes(values)) {
    h = (h ^ std::to_integer<std::uint32_t>(b)) * 16777619u;
  }
  return h;
}

// The largest difference, relative to the largest of the expected numbers. The host's sums round
// differently where it has no multiply-add.
inline float difference(std::span<const float> got, std::span<const float> expected) {
  float most = 0, size = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const float d = std::abs(got[i] - expected[i]);
    if (!(d <= most)) most = d;  // NaN stays
    size = std::max(size, std::abs(expected[i]));
  }
  return most / size;
}
inline constexpr float tolerance = 1e-5f;

inline std::size_t argmax(std::span<const float> values) {
  return static_cast<std::size_t>(std::max_element(values.begin(), values.end()) - values.begin());
}

}  // namespace firmware
