// Pixels of an image in other places: borders around it, and images of another size. Each pixel of
// the output is made of one pixel of the input or, between pixels, of four.
#pragma once
#include <etch/compiler.hpp>
#include <etch/shape.hpp>

#include <cstddef>

namespace etch::kernels {

enum class Sampling : unsigned char {
  zeros,      // the image with zeros around it; torch.nn.ZeroPad2d
  reflect,    // with what it is in a mirror at its border: ReflectionPad2d
  replicate,  // with its border, again and again: ReplicationPad2d
  nearest,    // torch.nn.Upsample: the pixel at floor(place * input / output)
  bilinear,   // between pixels; align_corners=False
  corners,    // the same; align_corners=True
};

// Where a place on one axis of the output takes its numbers: first * (1 - weight) + second *
// weight, or nothing where it is not inside.
struct Sample {
  std::size_t first, second;
  float weight;
  bool inside;
};
constexpr Sample sample(Sampling how, std::size_t place, std::size_t before, std::size_t input,
                        std::size_t output) {
  const auto at = [](std::size_t i) { return Sample{i, i, 0, true}; };
  const std::size_t last = input - 1;
  if (how == Sampling::zeros) {
    return {place - before, place - before, 0, place >= before && place - before < input};
  }
  if (how == Sampling::reflect) {
    const std::size_t i = place < before ? before - place : place - before;
    return at(i > last ? 2 * last - i : i);
  }
  if (how == Sampling::replicate) {
    const std::size_t i = place < before ? 0 : place - before;
    return at(i > last ? last : i);
  }
  // As PyTorch rounds them.
  const auto in = static_cast<float>(input), out = static_cast<float>(output);
  if (how == Sampling::nearest) {
    if (output == 2 * input) return at(place / 2);
    const auto i = static_cast<std::size_t>(static_cast<float>(place) * (in / out));
    return at(i > last ? last : i);
  }
  float source = 0;
  if (how == Sampling::bilinear) {
    source = in / out * (static_cast<float>(place) + 0.5f) - 0.5f;
    if (source < 0) source = 0;
  } else if (output > 1) {
    source = (in - 1) / (out - 1) * static_cast<float>(place);
  }
  std::size_t i = static_cast<std::size_t>(source);
  if (i > last) i = last;
  return {i, i < last ? i + 1 : i, source - static_cast<float>(i), true};
}

struct Resample {
  Sampling how;
  Shape input, output;
  Pair before;  // rows above and columns on the left, of borders
  std::size_t batch, threads;
  const float* x;  // (N, H, W, C)
  float* y;        // (N, H', W', C)
};
void resample(const Resample&);

struct ResampleGradient {
  Sampling how;
  Shape input, output;
  Pair before;
  std::size_t batch, threads;
  const float* dy;
  float* dx;
};
void resample_gradient(const ResampleGradient&);

}  // namespace etch::kernels

#if defined(ETCH_HEADER_ONLY)
// For programs with globals of one letter.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#include <etch/kernels/resample-inl.hpp>
#pragma GCC diagnostic pop
#endif
