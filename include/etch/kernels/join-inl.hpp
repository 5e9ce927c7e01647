// Channels side by side, and products, for one SIMD target. See join.hpp.
#include <etch/kernels/join.hpp>

#if defined(ETCH_KERNELS_JOIN_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef ETCH_KERNELS_JOIN_INL
#undef ETCH_KERNELS_JOIN_INL
#else
#define ETCH_KERNELS_JOIN_INL
#endif

#include <hwy/highway.h>

#include <etch/kernels/lanes-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace etch::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

inline void copy_channels(const CopyChannels& a) {
  for_rows(a.threads, a.rows, a.channels, [&](std::size_t begin, std::size_t end) HWY_ATTR {
    const bool accumulate = a.accumulate;
    for (std::size_t row = begin; row < end; ++row) {
      const float* x = a.x + row * a.x_stride;
      float* y = a.y + row * a.y_stride;
      for_lanes(0, a.channels, [=](auto d, std::size_t i) HWY_ATTR {
        const auto v = hn::LoadU(d, x + i);
        hn::StoreU(accumulate ? hn::Add(hn::LoadU(d, y + i), v) : v, d, y + i);
      });
    }
  });
}

inline void multiply(const Multiply& args) {
  const float* a = args.a;
  const float* b = args.b;
  float* y = args.y;
  for_chunks(args.threads, args.size, [a, b, y](auto d, std::size_t i) HWY_ATTR {
    hn::StoreU(hn::Mul(hn::LoadU(d, a + i), hn::LoadU(d, b + i)), d, y + i);
  });
}

inline void multiply_channels(const MultiplyChannels& a) {
  const std::size_t rows = a.images * a.pixels;
  for_rows(a.threads, rows, a.channels, [&](std::size_t begin, std::size_t end) HWY_ATTR {
    for (std::size_t row = begin; row < end; ++row) {
      const float* x = a.x + row * a.channels;
      const float* gate = a.gate + row / a.pixels * a.channels;
      float* y = a.y + row * a.channels;
      for_lanes(0, a.channels, [=](auto d, std::size_t i) HWY_ATTR {
        hn::StoreU(hn::Mul(hn::LoadU(d, x + i), hn::LoadU(d, gate + i)), d, y + i);
      });
    }
  });
}

// A vector of channels goes down the pixels, in runs of 64: the rounding error grows with the
// square root of their number. An image's channels are one thread's, so that the bits don't depend
// on the threads.
inline void gate_gradient(const GateGradient& a) {
  const std::size_t image = a.pixels * a.channels;
  parallel(threads_for(a.images * image, a.threads), a.images,
           [&](std::size_t n, std::size_t) HWY_ATTR {
             const std::size_t pixels = a.pixels, channels = a.channels;
             const float* x = a.x + n * image;
             const float* dy = a.dy + n * image;
             float* dgate = a.dgate + n * channels;
             for_lanes(0, channels, [=](auto d, std::size_t i) HWY_ATTR {
               auto total = hn::Zero(d);
               for (std::size_t p = 0; p < pixels;) {
                 const std::size_t stop = std::min(pixels, p + 64);
                 auto run = hn::Zero(d);
                 for (; p < stop; ++p) {
                   const std::size_t at = p * channels + i;
                   run = hn::MulAdd(hn::LoadU(d, x + at), hn::LoadU(d, dy + at), run);
                 }
                 total = hn::Add(total, run);
               }
               hn::StoreU(total, d, dgate + i);
             });
           });
}

}  // namespace etch::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE && defined(ETCH_HEADER_ONLY)
#if defined(HWY_COMPILE_ONLY_SCALAR)
#include <etch/kernels/micro/join-inl.hpp>
namespace etch::kernels {
inline void copy_channels(const CopyChannels& a) { micro::copy_channels(a); }
inline void multiply(const Multiply& a) { micro::multiply(a); }
inline void multiply_channels(const MultiplyChannels& a) { micro::multiply_channels(a); }
inline void gate_gradient(const GateGradient& a) { micro::gate_gradient(a); }
}  // namespace etch::kernels
#else
namespace etch::kernels {
inline void copy_channels(const CopyChannels& a) { HWY_STATIC_DISPATCH(copy_channels)(a); }
inline void multiply(const Multiply& a) { HWY_STATIC_DISPATCH(multiply)(a); }
inline void multiply_channels(const MultiplyChannels& a) {
  HWY_STATIC_DISPATCH(multiply_channels)(a);
}
inline void gate_gradient(const GateGradient& a) { HWY_STATIC_DISPATCH(gate_gradient)(a); }
}  // namespace etch::kernels
#endif
#endif
#endif
