// Depthwise convolution for one SIMD target: one input and one output channel a group, so that
// vectors go over channels. See conv2d.hpp.
#if defined(ETCH_DEPTHWISE_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ETCH_DEPTHWISE_INL_HPP
#undef ETCH_DEPTHWISE_INL_HPP
#else
#define ETCH_DEPTHWISE_INL_HPP
#endif

#include <etch/kernels/conv2d.hpp>
#include <etch/kernels/inside_taps.hpp>

#include <etch/kernels/lanes-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace etch::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Calls body(y, x, tap) with the places of pixels of output row (n, r), for every tap inside.
template <class Body>
HWY_INLINE void for_taps(const ConvGeometry& g, std::size_t n, std::size_t r, std::size_t c,
                         const Body& body) {
  const Window& w = g.window;
  const InsideTaps us(r, w.kernel_size.height, w.stride.height, w.dilation.height, w.padding.height,
                      g.input.height);
  const InsideTaps vs(c, w.kernel_size.width, w.stride.width, w.dilation.width, w.padding.width,
                      g.input.width);
  for (std::size_t u = us.begin; u < us.end; ++u) {
    for (std::size_t v = vs.begin; v < vs.end; ++v) {
      const std::size_t row = r * w.stride.height + u * w.dilation.height - w.padding.height;
      const std::size_t column = c * w.stride.width + v * w.dilation.width - w.padding.width;
      body((n * g.input.height + row) * g.input.width + column, u * w.kernel_size.width + v);
    }
  }
}

inline void depthwise_forward(const ConvForward& a) {
  const ConvGeometry& g = a.geometry;
  const std::size_t channels = g.output.channels;
  parallel(a.threads, a.batch * g.output.height, [&](std::size_t i, std::size_t) HWY_ATTR {
    const std::size_t n = i / g.output.height, r = i % g.output.height;
    for (std::size_t c = 0; c < g.output.width; ++c) {
      const std::size_t y = (i * g.output.width + c) * channels;
      for_lanes(0, channels, [&](auto d, std::size_t o) HWY_ATTR {
        auto sum = hn::Zero(d);
        for_taps(g, n, r, c, [&](std::size_t x, std::size_t tap) HWY_ATTR {
          sum = hn::MulAdd(hn::LoadU(d, a.x + x * channels + o),
                           hn::LoadU(d, a.weight + tap * channels + o), sum);
        });
        const Epilogue& e = a.epilogue;
        if (e.scale != nullptr) sum = hn::Mul(sum, hn::LoadU(d, e.scale + o));
        if (e.shift != nullptr) sum = hn::Add(sum, hn::LoadU(d, e.shift + o));
        if (e.skip != nullptr) sum = hn::Add(sum, hn::LoadU(d, e.skip + y + o));
        if (e.relu) sum = relu(d, sum);
        hn::StoreU(sum, d, a.y + y + o);
      });
    }
  });
}

inline void depthwise_input_gradient(const ConvInputGradient& a) {
  const ConvGeometry& g = a.geometry;
  const std::size_t channels = g.output.channels, image = g.input.elements();
  parallel(a.threads, a.batch, [&](std::size_t n, std::size_t) HWY_ATTR {
    if (!a.accumulate) {
      for_lanes(n * image, (n + 1) * image,
                [&](auto d, std::size_t i) HWY_ATTR { hn::StoreU(hn::Zero(d), d, a.dx + i); });
    }
    for (std::size_t p = 0; p < g.output.height * g.output.width; ++p) {
      const float* dy = a.dy + (n * g.output.height * g.output.width + p) * channels;
      for_taps(g, n, p / g.output.width, p % g.output.width,
               [&](std::size_t x, std::size_t tap) HWY_ATTR {
                 float* dx = a.dx + x * channels;
                 const float* weight = a.weight + tap * channels;
                 for_lanes(0, channels, [&](auto d, std::size_t o) HWY_ATTR {
                   const auto product = hn::MulAdd(hn::LoadU(d, dy + o), hn::LoadU(d, weight + o),
                                                   hn::LoadU(d, dx + o));
                   hn::StoreU(product, d, dx + o);
                 });
               });
    }
  });
}

// Sums of one output row at a time, then of rows: the error stays that of short sums.
inline void depthwise_weight_gradient(const ConvWeightGradient& a) {
  const ConvGeometry& g = a.geometry;
  const std::size_t channels = g.output.channels, taps = g.taps();
  constexpr std::size_t block = 16;
  parallel(a.threads, (channels + block - 1) / block, [&](std::size_t i, std::size_t) HWY_ATTR {
    const std::size_t begin = i * block, end = std::min(channels, begin + block);
    const auto sum_into = [&](float* to, std::size_t tap) HWY_ATTR {
      for_lanes(begin, end, [&](auto d, std::size_t o) HWY_ATTR {
        auto total = a.accumulate ? hn::LoadU(d, to + o) : hn::Zero(d);
        for (std::size_t q = 0; q < a.batch * g.output.height; ++q) {
          auto sum = hn::Zero(d);
          for (std::size_t c = 0; c < g.output.width; ++c) {
            const auto dy = hn::LoadU(d, a.dy + (q * g.output.width + c) * channels + o);
            if (tap == taps) {
              sum = hn::Add(sum, dy);
              continue;
            }
            for_taps(g, q / g.output.height, q % g.output.height, c,
                     [&](std::size_t x, std::size_t t) HWY_ATTR {
                       if (t == tap) {
                         sum = hn::MulAdd(dy, hn::LoadU(d, a.x + x * channels + o), sum);
                       }
                     });
          }
          total = hn::Add(total, sum);
        }
        hn::StoreU(total, d, to + o);
      });
    };
    for (std::size_t tap = 0; tap < taps; ++tap) sum_into(a.dweight + tap * channels, tap);
    if (a.dbias != nullptr) sum_into(a.dbias, taps);
  });
}

}  // namespace etch::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
