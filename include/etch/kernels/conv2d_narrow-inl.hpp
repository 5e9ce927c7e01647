// Convolution over narrow images of few channels, for one SIMD target. See conv2d.hpp.
//
// A vector over two channels would be mostly empty. Here a line of the image is one pixel, and its
// channels are all of the line's: a kernel row becomes a matrix from lines to lines, with zeros
// where an output doesn't see an input. What products by zeros cost, full vectors pay back.
#if defined(ETCH_CONV2D_NARROW_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ETCH_CONV2D_NARROW_INL_HPP
#undef ETCH_CONV2D_NARROW_INL_HPP
#else
#define ETCH_CONV2D_NARROW_INL_HPP
#endif

#include <etch/kernels/conv2d.hpp>
#include <etch/kernels/inside_taps.hpp>
#include <etch/kernels/typed.hpp>

#include <algorithm>

#include <etch/kernels/lanes-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace etch::kernels::HWY_NAMESPACE {

inline void conv2d_forward(const ConvForward&);
inline void conv2d_input_gradient(const ConvInputGradient&);
inline void conv2d_weight_gradient(const ConvWeightGradient&);

// A convolution as one over lines, and where in the scratch its own tensors lie.
class NarrowLines {
 public:
  NarrowLines(const ConvGeometry& g, std::byte* at)
      : lines(narrow_lines(g)),
        weight(typed<float>(at)),
        scale(weight + lines.weights()),
        shift(scale + lines.output.channels),
        scratch(at + narrow_bytes(g)),
        g_(g) {}

  // The matrices of the kernel's rows.
  void expand(const float* from) const {
    std::fill_n(weight, lines.weights(), 0.0f);
    for_entries([&](std::size_t line, std::size_t own) { weight[line] = from[own]; });
  }
  // Adds the gradients of the matrices' entries to those of the weights that they are.
  void fold(float* to) const {
    for_entries([&](std::size_t line, std::size_t own) { to[own] += weight[line]; });
  }
  // A value a channel, for each pixel of a line.
  const float* repeat(const float* from, float* to) const {
    if (from == nullptr) return nullptr;
    for (std::size_t j = 0; j < g_.output.width; ++j) {
      std::copy_n(from, g_.output.channels, to + j * g_.output.channels);
    }
    return to;
  }

  const ConvGeometry lines;
  float *weight, *scale, *shift;
  std::byte* scratch;  // of the convolution over lines

 private:
  // Calls body(index among the matrices' weights, index among the layer's).
  template <class Body>
  HWY_INLINE void for_entries(const Body& body) const {
    const Window& w = g_.window;
    const std::size_t inputs = g_.input.channels, outputs = g_.output.channels;
    const std::size_t kernel = w.kernel_size.width, length = lines.input.channels;
    for (std::size_t j = 0; j < g_.output.width; ++j) {
      const InsideTaps taps(j, kernel, w.stride.width, w.dilation.width, w.padding.width,
                            g_.input.width);
      for (std::size_t o = 0; o < outputs; ++o) {
        // As weight_index, without its divisions.
        const std::size_t all = lines.output.channels, at = j * outputs + o;
        const std::size_t first_of_panel = at / panel * panel;
        const std::size_t step = std::min(panel, all - first_of_panel);
        const std::size_t first = first_of_panel * w.kernel_size.height * length + at % panel;
        for (std::size_t u = 0; u < w.kernel_size.height; ++u) {
          for (std::size_t v = taps.begin; v < taps.end; ++v) {
            const std::size_t column = j * w.stride.width + v * w.dilation.width - w.padding.width;
            std::size_t line = first + (u * length + column * inputs) * step;
            std::size_t own = (u * kernel + v) * inputs * outputs + o;
            for (std::size_t i = 0; i < inputs; ++i, line += step, own += outputs) body(line, own);
          }
        }
      }
    }
  }

  const ConvGeometry& g_;
};

HWY_INLINE void narrow_forward_finite(const ConvForward& c) {
  const NarrowLines narrow(c.geometry, c.scratch);
  narrow.expand(c.weight);
  Epilogue e = c.epilogue;
  e.scale = narrow.repeat(e.scale, narrow.scale);
  e.shift = narrow.repeat(e.shift, narrow.shift);
  conv2d_forward({narrow.lines, c.batch, c.threads, c.x, narrow.weight, c.y, e, narrow.scratch});
}

HWY_INLINE void narrow_input_gradient_finite(const ConvInputGradient& c) {
  const NarrowLines narrow(c.geometry, c.scratch);
  narrow.expand(c.weight);
  conv2d_input_gradient(
      {narrow.lines, c.batch, c.threads, c.dy, narrow.weight, c.dx, c.accumulate, narrow.scratch});
}

// A matrix's zero times a NaN or an infinity would be NaN where the layer has no product: an image
// with such a value is convolved by the definition, apart from the others, whose bits stay.
HWY_INLINE void narrow_forward(const ConvForward& c) {
  const std::size_t image = c.geometry.input.elements(), output = c.geometry.output.elements();
  if (all_finite(c.x, c.batch * image)) return narrow_forward_finite(c);
  ConvForward one = c;
  one.batch = 1;
  for (std::size_t n = 0; n < c.batch; ++n, one.x += image, one.y += output) {
    if (c.epilogue.skip != nullptr) one.epilogue.skip = c.epilogue.skip + n * output;
    all_finite(one.x, image) ? narrow_forward_finite(one) : conv2d_forward_loops(one);
  }
}

HWY_INLINE void narrow_input_gradient(const ConvInputGradient& c) {
  const std::size_t image = c.geometry.input.elements(), output = c.geometry.output.elements();
  if (all_finite(c.dy, c.batch * output)) return narrow_input_gradient_finite(c);
  ConvInputGradient one = c;
  one.batch = 1;
  for (std::size_t n = 0; n < c.batch; ++n, one.dy += output, one.dx += image) {
    all_finite(one.dy, output) ? narrow_input_gradient_finite(one)
                               : conv2d_input_gradient_loops(one);
  }
}

HWY_INLINE void narrow_weight_gradient(const ConvWeightGradient& c) {
  const NarrowLines narrow(c.geometry, c.scratch);
  const ConvGeometry& g = c.geometry;
  float* dbias = c.dbias != nullptr ? narrow.shift : nullptr;
  conv2d_weight_gradient(
      {narrow.lines, c.batch, c.threads, c.x, c.dy, narrow.weight, dbias, false, narrow.scratch});
  if (!c.accumulate) std::fill_n(c.dweight, g.weights(), 0.0f);
  narrow.fold(c.dweight);
  if (dbias == nullptr) return;
  for (std::size_t o = 0; o < g.output.channels; ++o) {
    float sum = c.accumulate ? c.dbias[o] : 0.0f;
    for (std::size_t j = 0; j < g.output.width; ++j) sum += dbias[j * g.output.channels + o];
    c.dbias[o] = sum;
  }
}

}  // namespace etch::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
