// Pixels in other places, for one SIMD target: vectors over channels. See resample.hpp.
#include <etch/kernels/resample.hpp>

#if defined(ETCH_KERNELS_RESAMPLE_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef ETCH_KERNELS_RESAMPLE_INL
#undef ETCH_KERNELS_RESAMPLE_INL
#else
#define ETCH_KERNELS_RESAMPLE_INL
#endif

#include <hwy/highway.h>

#include <etch/kernels/lanes-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace etch::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// A pixel of the output, and the four of the input that it is made of.
struct Corners {
  std::size_t top_left, top_right, bottom_left, bottom_right;  // the first of their channels
  float right, bottom;                                         // the weights of these

  Corners(const Shape& in, const Sample& row, const Sample& column)
      : top_left((row.first * in.width + column.first) * in.channels),
        top_right((row.first * in.width + column.second) * in.channels),
        bottom_left((row.second * in.width + column.first) * in.channels),
        bottom_right((row.second * in.width + column.second) * in.channels),
        right(column.weight),
        bottom(row.weight) {}
  bool is_one() const { return right == 0 && bottom == 0; }
};

HWY_INLINE void zero_pixel(std::size_t channels, float* y) {
  for_lanes(0, channels,
            [=](auto d, std::size_t i) HWY_ATTR { hn::StoreU(hn::Zero(d), d, y + i); });
}
HWY_INLINE void make_pixel(const Corners& k, std::size_t channels, const float* x, float* y) {
  if (k.is_one()) {
    return for_lanes(0, channels, [=, at = k.top_left](auto d, std::size_t i) HWY_ATTR {
      hn::StoreU(hn::LoadU(d, x + at + i), d, y + i);
    });
  }
  for_lanes(0, channels, [=](auto d, std::size_t i) HWY_ATTR {
    const auto right = hn::Set(d, k.right), left = hn::Set(d, 1 - k.right);
    const auto across = [&](std::size_t a, std::size_t b) HWY_ATTR {
      return hn::MulAdd(hn::LoadU(d, x + b + i), right, hn::Mul(hn::LoadU(d, x + a + i), left));
    };
    const auto top = across(k.top_left, k.top_right),
               bottom = across(k.bottom_left, k.bottom_right);
    const auto made =
        hn::MulAdd(bottom, hn::Set(d, k.bottom), hn::Mul(top, hn::Set(d, 1 - k.bottom)));
    hn::StoreU(made, d, y + i);
  });
}
HWY_INLINE void add_pixel(const Corners& k, std::size_t channels, const float* dy, float* dx) {
  const auto add_to = [=](std::size_t at, float weight) HWY_ATTR {
    if (weight == 0) return;
    for_lanes(0, channels, [=](auto d, std::size_t i) HWY_ATTR {
      const auto sum = hn::LoadU(d, dx + at + i);
      hn::StoreU(hn::MulAdd(hn::LoadU(d, dy + i), hn::Set(d, weight), sum), d, dx + at + i);
    });
  };
  add_to(k.top_left, (1 - k.bottom) * (1 - k.right));
  add_to(k.top_right, (1 - k.bottom) * k.right);
  add_to(k.bottom_left, k.bottom * (1 - k.right));
  add_to(k.bottom_right, k.bottom * k.right);
}

inline void resample(const Resample& a) {
  const Shape in = a.input, out = a.output;
  const std::size_t row_size = out.width * out.channels, rows = a.batch * out.height;
  for_rows(a.threads, rows, row_size, [&](std::size_t begin, std::size_t end) HWY_ATTR {
    for (std::size_t r = begin; r < end; ++r) {
      const Sample row = sample(a.how, r % out.height, a.before.height, in.height, out.height);
      const float* x = a.x + r / out.height * in.elements();
      float* y = a.y + r * row_size;
      for (std::size_t c = 0; c < out.width; ++c, y += out.channels) {
        const Sample column = sample(a.how, c, a.before.width, in.width, out.width);
        if (row.inside && column.inside) {
          make_pixel(Corners(in, row, column), out.channels, x, y);
        } else {
          zero_pixel(out.channels, y);
        }
      }
    }
  });
}

// An image is one thread's, since several pixels of dy go to one of dx.
inline void resample_gradient(const ResampleGradient& a) {
  const Shape in = a.input, out = a.output;
  parallel(threads_for(a.batch * out.elements(), a.threads), a.batch,
           [&](std::size_t n, std::size_t) HWY_ATTR {
             const float* dy = a.dy + n * out.elements();
             float* dx = a.dx + n * in.elements();
             zero_pixel(in.elements(), dx);
             for (std::size_t r = 0; r < out.height; ++r) {
               const Sample row = sample(a.how, r, a.before.height, in.height, out.height);
               for (std::size_t c = 0; c < out.width; ++c, dy += out.channels) {
                 const Sample column = sample(a.how, c, a.before.width, in.width, out.width);
                 if (!row.inside || !column.inside) continue;
                 add_pixel(Corners(in, row, column), out.channels, dy, dx);
               }
             }
           });
}

}  // namespace etch::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE && defined(ETCH_HEADER_ONLY)
#if defined(HWY_COMPILE_ONLY_SCALAR)
#include <etch/kernels/micro/resample-inl.hpp>
namespace etch::kernels {
inline void resample(const Resample& a) { micro::resample(a); }
inline void resample_gradient(const ResampleGradient& a) { micro::resample_gradient(a); }
}  // namespace etch::kernels
#else
namespace etch::kernels {
inline void resample(const Resample& a) { HWY_STATIC_DISPATCH(resample)(a); }
inline void resample_gradient(const ResampleGradient& a) {
  HWY_STATIC_DISPATCH(resample_gradient)(a);
}
}  // namespace etch::kernels
#endif
#endif
#endif
