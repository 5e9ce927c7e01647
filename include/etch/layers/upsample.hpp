// An image of another size. PyTorch equivalent: torch.nn.Upsample
// https://pytorch.org/docs/stable/generated/torch.nn.Upsample.html
#pragma once
#include <etch/layers/resampling.hpp>

namespace etch {

// PyTorch's mode='nearest' and mode='bilinear'.
enum class Interpolation : unsigned char { nearest, bilinear };

// To `size`, or `scale_factor` times as large, which is a whole number here.
struct Upsample {
  Pair size = 0;                                // pixels of the output; 0: by scale_factor
  Pair scale_factor = 0;                        // pixels of the output a pixel; 0: by size
  Interpolation mode = Interpolation::nearest;  // which pixels are taken
  bool align_corners = false;                   // of bilinear: the corners' pixels stay as they are

  static constexpr const char* name = "Upsample";
  static constexpr void fields(auto& l, const auto& visit) {
    visit("size", l.size);
    visit("scale_factor", l.scale_factor);
    visit("mode", l.mode);
    visit("align_corners", l.align_corners);
  }
  constexpr Shape output(Shape x) const {
    if (size != Pair(0)) return {x.channels, size.height, size.width};
    return {x.channels, x.height * scale_factor.height, x.width * scale_factor.width};
  }
  constexpr Problem check(Value x) const {
    const bool one = (size == Pair(0)) != (scale_factor == Pair(0));
    const Shape y = output(x.shape);
    return Rules()
        .holds(one, "Upsample: size or scale_factor must be given, and not both")
        .at_least(y.height, 1, "Upsample: the output must be at least 1 high and wide")
        .at_least(y.width, 1, "Upsample: the output must be at least 1 high and wide")
        .holds(!align_corners || mode == Interpolation::bilinear,
               "Upsample: align_corners is an option of Interpolation::bilinear")
        .equal(x.shape.channels, x.layout.channels,
               "Upsample: the input must be an image: it was flattened");
  }
  constexpr Value lower(Graph& g, Value x) const {
    using kernels::Sampling;
    const Sampling bilinear = align_corners ? Sampling::corners : Sampling::bilinear;
    const Sampling how = mode == Interpolation::nearest ? Sampling::nearest : bilinear;
    return Resampling{how}.lower(g, x, name, output(x.shape));
  }
};

}  // namespace etch
