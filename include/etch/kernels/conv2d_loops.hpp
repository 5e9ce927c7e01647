// Algorithm::loops: convolution as it is defined, tap by tap. The readable reference (any floating
// type) and the choice where code must be small. Taps on padding are not visited.
#pragma once
#include <etch/kernels/conv2d.hpp>
#include <etch/kernels/parallel.hpp>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"  // for programs with globals of one letter

namespace etch::kernels {

// The input row (or column) that `tap` sees from output position `at`; beyond the input when it
// is padding (below 0 wraps around).
constexpr std::size_t seen_from(std::size_t at, std::size_t tap, std::size_t stride,
                                std::size_t dilation, std::size_t padding) {
  return at * stride + tap * dilation - padding;
}

// Calls body(y, x, u, v): the pixels of one output row (n * H' + r) with each tap inside.
template <class Body>
void for_row_taps(const ConvGeometry& g, std::size_t row, const Body& body) {
  const Window& w = g.window;
  const std::size_t n = row / g.output.height, r = row % g.output.height;
  for (std::size_t c = 0; c < g.output.width; ++c) {
    for (std::size_t u = 0; u < w.kernel_size.height; ++u) {
      const std::size_t xr = seen_from(r, u, w.stride.height, w.dilation.height, w.padding.height);
      if (xr >= g.input.height) continue;
      for (std::size_t v = 0; v < w.kernel_size.width; ++v) {
        const std::size_t xc = seen_from(c, v, w.stride.width, w.dilation.width, w.padding.width);
        if (xc >= g.input.width) continue;
        body(row * g.output.width + c, (n * g.input.height + xr) * g.input.width + xc, u, v);
      }
    }
  }
}

// Calls body(o, width, i, w) for every input channel i at tap (u, v): its weights to outputs
// [o, o + width), which lie together from index w on. Channels count over all groups.
template <class Body>
void for_channels(const ConvGeometry& g, std::size_t u, std::size_t v, const Body& body) {
  for (std::size_t o = 0; o < g.output.channels;) {
    const std::size_t group = o / g.outputs(), left = (group + 1) * g.outputs() - o;
    const std::size_t width = left < panel ? left : panel;
    std::size_t w = g.weight_index(o, 0, u, v);
    for (std::size_t i = 0; i < g.inputs(); ++i, w += width) {
      body(o, width, group * g.inputs() + i, w);
    }
    o += width;
  }
}

// Calls put(index in y, sum) for one output row, all channels.
template <class T, class Put>
void for_row_sums(const ConvGeometry& g, std::size_t row, const T* x, const T* weight,
                  const Put& put) {
  const Window& w = g.window;
  const std::size_t n = row / g.output.height, r = row % g.output.height;
  const std::size_t outputs = g.output.channels;
  for (std::size_t c = 0; c < g.output.width; ++c) {
    for (std::size_t o = 0; o < outputs;) {
      const std::size_t group = o / g.outputs(), left = (group + 1) * g.outputs() - o;
      const std::size_t width = left < panel ? left : panel;
      T sum[panel] = {};
      for (std::size_t u = 0; u < w.kernel_size.height; ++u) {
        const std::size_t xr =
            seen_from(r, u, w.stride.height, w.dilation.height, w.padding.height);
        if (xr >= g.input.height) continue;
        for (std::size_t v = 0; v < w.kernel_size.width; ++v) {
          const std::size_t xc = seen_from(c, v, w.stride.width, w.dilation.width, w.padding.width);
          if (xc >= g.input.width) continue;
          const std::size_t pixel = (n * g.input.height + xr) * g.input.width + xc;
          const T* from = x + pixel * g.input.channels + group * g.inputs();
          const T* weights = weight + g.weight_index(o, 0, u, v);
          for (const T* end = from + g.inputs(); from != end; ++from) {
            const T factor = *from;
            T* to = sum;
            for (; to != sum + width; ++to, ++weights) *to += factor * *weights;
          }
        }
      }
      const std::size_t y = (row * g.output.width + c) * outputs + o;
      for (std::size_t k = 0; k < width; ++k) put(y + k, sum[k]);
      o += width;
    }
  }
}
// y of one output row.
template <class T>
void forward_row(const ConvGeometry& g, std::size_t row, const T* x, const T* weight, T* y) {
  for_row_sums(g, row, x, weight, [&](std::size_t i, T sum) { y[i] = sum; });
}

// dx of one image, added to what is there.
template <class T>
void add_input_gradient(const ConvGeometry& g, std::size_t n, const T* dy, const T* weight, T* dx) {
  for (std::size_t r = 0; r < g.output.height; ++r) {
    for_row_taps(g, n * g.output.height + r,
                 [&](std::size_t py, std::size_t px, std::size_t u, std::size_t v) {
                   for_channels(
                       g, u, v,
                       [&](std::size_t o, std::size_t width, std::size_t i, std::size_t w) {
                         T& to = dx[px * g.input.channels + i];
                         const T *from = weight + w, *factor = dy + py * g.output.channels + o;
                         T sum = to;
                         for (const T* end = from + width; from != end; ++from, ++factor)
                           sum += *factor * *from;
                         to = sum;
                       });
                 });
  }
}

// dweight of one output row, added to what is there.
template <class T>
void add_weight_gradient(const ConvGeometry& g, std::size_t row, const T* x, const T* dy,
                         T* dweight) {
  for_row_taps(g, row, [&](std::size_t py, std::size_t px, std::size_t u, std::size_t v) {
    for_channels(g, u, v, [&](std::size_t o, std::size_t width, std::size_t i, std::size_t w) {
      const T factor = x[px * g.input.channels + i];
      const T* from = dy + py * g.output.channels + o;
      T* to = dweight + w;
      for (const T* end = from + width; from != end; ++from, ++to) *to += *from * factor;
    });
  });
}

inline void conv2d_forward_loops_inline(const ConvForward& c) {
  const ConvGeometry& g = c.geometry;
  parallel(c.threads, c.batch * g.output.height, [&](std::size_t row, std::size_t) {
    const Epilogue& e = c.epilogue;
    for_row_sums(g, row, c.x, c.weight, [&](std::size_t i, float y) {
      const std::size_t o = i % g.output.channels;
      if (e.scale != nullptr) y *= e.scale[o];
      if (e.shift != nullptr) y += e.shift[o];
      if (e.skip != nullptr) y += e.skip[i];
      c.y[i] = e.relu && y < 0 ? 0 : y;
    });
  });
}

inline void conv2d_input_gradient_loops_inline(const ConvInputGradient& c) {
  const ConvGeometry& g = c.geometry;
  parallel(c.threads, c.batch, [&](std::size_t n, std::size_t) {
    const std::size_t image = g.input.elements();
    for (std::size_t i = 0; !c.accumulate && i < image; ++i) c.dx[n * image + i] = 0;
    add_input_gradient(g, n, c.dy, c.weight, c.dx);
  });
}

inline void conv2d_weight_gradient_loops_inline(const ConvWeightGradient& c) {
  const ConvGeometry& g = c.geometry;
  for (std::size_t i = 0; !c.accumulate && i < g.weights(); ++i) c.dweight[i] = 0;
  for (std::size_t row = 0; row < c.batch * g.output.height; ++row) {
    add_weight_gradient(g, row, c.x, c.dy, c.dweight);
  }
  if (c.dbias == nullptr) return;
  for (std::size_t o = 0; o < g.output.channels; ++o) {
    float sum = c.accumulate ? c.dbias[o] : 0;
    for (std::size_t p = 0; p < c.batch * g.output.height * g.output.width; ++p) {
      sum += c.dy[p * g.output.channels + o];
    }
    c.dbias[o] = sum;
  }
}

#if defined(ETCH_HEADER_ONLY)
inline void conv2d_forward_loops(const ConvForward& c) { conv2d_forward_loops_inline(c); }
inline void conv2d_input_gradient_loops(const ConvInputGradient& c) {
  conv2d_input_gradient_loops_inline(c);
}
inline void conv2d_weight_gradient_loops(const ConvWeightGradient& c) {
  conv2d_weight_gradient_loops_inline(c);
}
#endif

}  // namespace etch::kernels

#pragma GCC diagnostic pop
