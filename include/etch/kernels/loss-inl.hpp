// Losses for one SIMD target. See loss.hpp.
#include <etch/kernels/loss.hpp>

#include <algorithm>
#include <cmath>

#if defined(ETCH_KERNELS_LOSS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef ETCH_KERNELS_LOSS_INL
#undef ETCH_KERNELS_LOSS_INL
#else
#define ETCH_KERNELS_LOSS_INL
#endif

#include <hwy/highway.h>

#include <etch/kernels/elementwise-inl.hpp>
#include <etch/kernels/lanes-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace etch::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// The loss of one row is log(sum(exp(x - max))) - sum(target * (x - max)), where the target is
// label_smoothing / classes everywhere and 1 - label_smoothing more at the label.
HWY_INLINE double cross_entropy_row(const CrossEntropy& a, std::size_t row, float share) {
  const std::size_t classes = a.classes;
  if (!a.has_label(row)) {
    if (a.dlogits != nullptr) std::fill_n(a.dlogits + row * classes, classes, 0.0f);
    return 0;
  }
  const float* x = a.logits + row * classes;
  const auto label = static_cast<std::size_t>(a.labels[row]);
  const float most = maximum(x, classes);
  const float sum = sum_lanes(0, classes, [=](auto d, std::size_t i) HWY_ATTR {
    return exp_negative(d, hn::Sub(hn::LoadU(d, x + i), hn::Set(d, most)));
  });
  const float everywhere = a.label_smoothing / static_cast<float>(classes);
  const auto wide = [](float number) { return static_cast<double>(number); };
  double loss =
      std::log(wide(sum)) - (1.0 - wide(a.label_smoothing)) * (wide(x[label]) - wide(most));
  if (everywhere > 0) {
    const float centred = sum_lanes(0, classes, [=](auto d, std::size_t i) HWY_ATTR {
      return hn::Sub(hn::LoadU(d, x + i), hn::Set(d, most));
    });
    loss -= wide(everywhere) * wide(centred);
  }
  if (a.dlogits != nullptr) {
    float* dx = a.dlogits + row * classes;
    const float inverse = 1.0f / sum;
    for_lanes(0, classes, [=](auto d, std::size_t i) HWY_ATTR {
      const auto e = exp_negative(d, hn::Sub(hn::LoadU(d, x + i), hn::Set(d, most)));
      const auto g = hn::MulSub(e, hn::Set(d, inverse), hn::Set(d, everywhere));
      hn::StoreU(hn::Mul(g, hn::Set(d, share)), d, dx + i);
    });
    dx[label] -= share * (1.0f - a.label_smoothing);
  }
  return loss;
}

inline float cross_entropy(const CrossEntropy& a) {
  const std::size_t rows = std::max<std::size_t>(a.labelled_rows(), 1);
  const float share = a.scale / static_cast<float>(rows);
  const double sum = sum_pieces(threads_for(a.rows * a.classes, a.threads), a.rows, 1,
                                [&](std::size_t begin, std::size_t end) HWY_ATTR {
                                  double part = 0;
                                  for (std::size_t r = begin; r < end; ++r) {
                                    part += cross_entropy_row(a, r, share);
                                  }
                                  return part;
                                });
  return static_cast<float>(sum / static_cast<double>(rows));
}

inline float mean_squared_error(const MeanSquaredError& a) {
  constexpr std::size_t run = 4096;
  const float factor = 2.0f * a.scale / static_cast<float>(a.size);
  const double sum = sum_pieces(
      threads_for(a.size, a.threads), a.size, run,
      [&](std::size_t begin, std::size_t end) HWY_ATTR {
        double part = 0;
        for (std::size_t r = begin; r < end; r += run) {
          const float squares =
              sum_lanes(r, std::min(end, r + run), [&](auto d, std::size_t i) HWY_ATTR {
                const auto v = hn::Sub(hn::LoadU(d, a.output + i), hn::LoadU(d, a.target + i));
                if (a.doutput != nullptr) {
                  hn::StoreU(hn::Mul(v, hn::Set(d, factor)), d, a.doutput + i);
                }
                return hn::Mul(v, v);
              });
          part += static_cast<double>(squares);
        }
        return part;
      });
  return static_cast<float>(sum / static_cast<double>(a.size));
}

}  // namespace etch::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE && defined(ETCH_HEADER_ONLY)
#if defined(HWY_COMPILE_ONLY_SCALAR)
#include <etch/kernels/micro/loss-inl.hpp>
namespace etch::kernels {
inline float cross_entropy(const CrossEntropy& a) { return micro::cross_entropy(a); }
inline float mean_squared_error(const MeanSquaredError& a) { return micro::mean_squared_error(a); }
}  // namespace etch::kernels
#else
namespace etch::kernels {
inline float cross_entropy(const CrossEntropy& a) { return HWY_STATIC_DISPATCH(cross_entropy)(a); }
inline float mean_squared_error(const MeanSquaredError& a) {
  return HWY_STATIC_DISPATCH(mean_squared_error)(a);
}
}  // namespace etch::kernels
#endif
#endif
#endif
