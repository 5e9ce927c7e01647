// Changes to training samples that leave their targets true, drawn anew in every epoch.
#pragma once
#include <etch/shape.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace etch::host {

// What may be done to a training sample, in this order. Applied to samples that aren't normalized
// yet.
struct Augmentation {
  bool flip = false;      // left to right, every other time
  double crop = 1;        // a window of at least this share of each side, scaled to the whole
  std::size_t shift = 0;  // by up to so many pixels down or up and right or left; zeros come in
  double noise = 0;       // normal noise of this standard deviation

  bool operator==(const Augmentation&) const = default;
};

// "flip,crop=0.8,shift=2,noise=0.05", or "none". Throws an Error that says what there is.
Augmentation augmentation_from_text(std::string_view text);

// Throws an Error where samples of this shape can't be changed so: a vector has no sides, and a
// shift is less than the sides are.
void check(const Augmentation& augmentation, Shape shape);

// What is drawn for a sample is a function of these three alone, so that a run that goes on sees
// what it would have seen.
struct Draw {
  std::uint64_t seed = 0, epoch = 0, sample = 0;  // epoch and sample counted from 0
};

// Changes a sample (H, W, C) in place.
void augment(std::span<float> sample, Shape shape, const Augmentation& augmentation, Draw draw);

}  // namespace etch::host
