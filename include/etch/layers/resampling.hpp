// What borders and images of another size share.
#pragma once
#include <etch/kernels/resample.hpp>
#include <etch/layer.hpp>

namespace etch {

// An op that takes pixels from other places.
struct Resampling {
  kernels::Sampling how;  // what is where
  Pair before = 0;        // rows above and columns on the left, of borders

  // Adds the op.
  constexpr Value lower(Graph& g, Value x, const char* kind, Shape y) const {
    return g.add({.kind = kind,
                  .attributes = {.geometry = {.input = x.shape,
                                              .output = y,
                                              .window = {.kernel_size = 1, .padding = before}},
                                 .sampling = how},
                  .forward = forward,
                  .backward = backward,
                  .x = x.id},
                 y);
  }
  // y.
  [[gnu::always_inline]] static void forward(const Call& c, const Attributes& a) {
    const kernels::ConvGeometry& g = a.geometry;
    kernels::resample(
        {a.sampling, g.input, g.output, g.window.padding, c.batch, c.threads, c.x, c.y});
  }
  // dx.
  [[gnu::always_inline]] static void backward(const Call& c, const Attributes& a) {
    const kernels::ConvGeometry& g = a.geometry;
    kernels::resample_gradient(
        {a.sampling, g.input, g.output, g.window.padding, c.batch, c.threads, c.dy, c.dx});
  }
};

}  // namespace etch
