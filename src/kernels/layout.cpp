// Layout conversions: once a file or an image, so plain loops.
#include <etch/kernels/layout.hpp>

namespace etch::kernels {
namespace {

// Calls body(index in OIHW order, index in memory) for every weight.
template <class Body>
void for_weights(const ConvGeometry& g, const Body& body) {
  std::size_t oihw = 0;
  for (std::size_t o = 0; o < g.output.channels; ++o) {
    for (std::size_t i = 0; i < g.inputs(); ++i) {
      for (std::size_t u = 0; u < g.window.kernel_size.height; ++u) {
        for (std::size_t v = 0; v < g.window.kernel_size.width; ++v) {
          body(oihw++, g.weight_index(o, i, u, v));
        }
      }
    }
  }
}

}  // namespace

void nchw_to_nhwc(std::size_t batch, Shape shape, const float* x, float* y) {
  const std::size_t pixels = shape.height * shape.width;
  for (std::size_t n = 0; n < batch; ++n, x += shape.elements()) {
    for (std::size_t p = 0; p < pixels; ++p) {
      for (std::size_t c = 0; c < shape.channels; ++c) *y++ = x[c * pixels + p];
    }
  }
}

void nhwc_to_nchw(std::size_t batch, Shape shape, const float* x, float* y) {
  nchw_to_nhwc(batch, {shape.height * shape.width, shape.channels, 1}, x, y);
}

void oihw_to_panels(const ConvGeometry& g, const float* x, float* y) {
  for_weights(g, [&](std::size_t oihw, std::size_t at) { y[at] = x[oihw]; });
}

void panels_to_oihw(const ConvGeometry& g, const float* x, float* y) {
  for_weights(g, [&](std::size_t oihw, std::size_t at) { y[oihw] = x[at]; });
}

}  // namespace etch::kernels
