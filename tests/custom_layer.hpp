// A layer of a user's own: y = x * scale, one number a channel that is learned.
#pragma once
#include <etch/layer.hpp>

namespace mine {

struct Scale {
  constexpr etch::Shape output(etch::Shape x) const { return x; }
};

}  // namespace mine

template <mine::Scale layer, etch::Shape input>
struct etch::Module<layer, input> {
  static constexpr std::size_t channels = input.channels;

  static void forward(const Call& c) {
    for (std::size_t i = 0; i < c.batch * input.elements(); ++i) {
      c.y[i] = c.x[i] * c.parameters[i % channels];
    }
  }
  static void backward(const Call& c) {
    for (std::size_t o = 0; !c.accumulate && o < channels; ++o) c.gradients[o] = 0;
    for (std::size_t i = 0; i < c.batch * input.elements(); ++i) {
      c.gradients[i % channels] += c.dy[i] * c.x[i];
      if (c.dx != nullptr) c.dx[i] = c.dy[i] * c.parameters[i % channels];
    }
  }
  static constexpr int lower(Graph& g, int x) {
    return g.add({.kind = "Scale",
                  .forward = forward,
                  .backward = backward,
                  .x = x,
                  .dw_needs = Needs::input},
                 g.layout(x, input), {Tensor::vector("scale", {channels}, Initial::ones)});
  }
};
