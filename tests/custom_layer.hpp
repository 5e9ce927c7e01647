// A layer of a user's own: y = x * scale, one number a channel that is learned.
#pragma once
#include <etch/layer.hpp>

namespace mine {

struct Scale {
  constexpr etch::Shape output(etch::Shape x) const { return x; }

  constexpr etch::Value lower(etch::Graph& g, etch::Value x) const {
    return g.add({.kind = "Scale",
                  .attributes = {.geometry = {.input = x.shape}},
                  .forward = forward,
                  .backward = backward,
                  .x = x.id,
                  .dw_needs = etch::Needs::input},
                 x, {etch::Tensor::vector("scale", {x.shape.channels}, etch::Initial::ones)});
  }

  static void forward(const etch::Call& c, const etch::Attributes& a) {
    const std::size_t channels = a.geometry.input.channels;
    for (std::size_t i = 0; i < c.batch * a.inputs(); ++i) {
      c.y[i] = c.x[i] * c.parameters[i % channels];
    }
  }
  static void backward(const etch::Call& c, const etch::Attributes& a) {
    const std::size_t channels = a.geometry.input.channels;
    for (std::size_t o = 0; !c.accumulate && o < channels; ++o) c.gradients[o] = 0;
    for (std::size_t i = 0; i < c.batch * a.inputs(); ++i) {
      c.gradients[i % channels] += c.dy[i] * c.x[i];
      if (c.dx != nullptr) c.dx[i] = c.dy[i] * c.parameters[i % channels];
    }
  }
};

}  // namespace mine
