// Batch normalisation for one SIMD target. See batch_norm.hpp.
//
// A thread takes a block of channels and all rows: it alone makes their sums, so that results
// are the same bits for any number of threads, and keeps them on its stack between the passes.
#include <etch/kernels/batch_norm.hpp>

#include <cmath>

#if defined(ETCH_KERNELS_BATCH_NORM_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef ETCH_KERNELS_BATCH_NORM_INL
#undef ETCH_KERNELS_BATCH_NORM_INL
#else
#define ETCH_KERNELS_BATCH_NORM_INL
#endif

#include <hwy/highway.h>

#include <etch/kernels/lanes-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace etch::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Channels of a block: 2 KB of each row, enough for the memory to stream; firmware has little
// stack.
inline constexpr std::size_t most_channels = HWY_TARGET == HWY_SCALAR ? 64 : 512;

// Asks for the line where `rows` rows further is. Rows are often a page apart, where no hardware
// looks ahead. Past the tensor's end it does nothing.
template <int written = 0>
HWY_INLINE void ask_ahead(const float* x, std::size_t rows, std::size_t stride) {
  __builtin_prefetch(x + rows * stride, written, 3);
}
// How far: of sums, which take summed_rows of a vector's rows at once, and of what is done to each
// row after the other.
inline constexpr std::size_t summed_rows = 32, rows_ahead = 4;

// Numbers of a block's channels.
struct PerChannel {
  float values[most_channels];

  template <class D>
  HWY_INLINE hn::Vec<D> get(D d, std::size_t c) const {
    return hn::LoadU(d, values + c);
  }
  template <class D>
  HWY_INLINE void set(D d, std::size_t c, hn::Vec<D> v) {
    hn::StoreU(v, d, values + c);
  }
};

// Calls body(first channel, channels) on up to `threads` threads.
template <class Body>
HWY_INLINE void for_blocks(std::size_t threads, std::size_t rows, std::size_t channels,
                           const Body& body) {
  constexpr std::size_t line = 16;
  threads = threads_for(rows * channels, threads);
  const std::size_t share = ((channels + threads - 1) / threads + line - 1) / line * line;
  const std::size_t block = std::min(share, most_channels);
  parallel(threads, (channels + block - 1) / block, [&](std::size_t i, std::size_t) HWY_ATTR {
    body(i * block, std::min(block, channels - i * block));
  });
}

// Sums over rows of what body(d, row, channel, a, b) adds to a and b, for channels [0, width).
// Runs of 32 rows, then of 32 runs, then of those: the error grows with the logarithm of rows.
template <class Body>
HWY_INLINE void sum_rows(std::size_t rows, std::size_t width, PerChannel& a, PerChannel& b,
                         const Body& body) {
  constexpr std::size_t run = summed_rows;
  PerChannel middle_a, middle_b;
  const auto clear = [&](PerChannel& x) HWY_ATTR {
    for_lanes(0, width, [&](auto d, std::size_t c) HWY_ATTR { x.set(d, c, hn::Zero(d)); });
  };
  const auto carry = [&](PerChannel& from, PerChannel& to) HWY_ATTR {
    for_lanes(0, width, [&](auto d, std::size_t c) HWY_ATTR {
      to.set(d, c, hn::Add(to.get(d, c), from.get(d, c)));
      from.set(d, c, hn::Zero(d));
    });
  };
  clear(a);
  clear(b);
  clear(middle_a);
  clear(middle_b);
  for (std::size_t r = 0, runs = 1; r < rows; r += run, ++runs) {
    const std::size_t end = std::min(rows, r + run);
    for_lanes(0, width, [&](auto d, std::size_t c) HWY_ATTR {
      auto sum_a = hn::Zero(d), sum_b = hn::Zero(d);
      for (std::size_t row = r; row < end; ++row) body(d, row, c, sum_a, sum_b);
      middle_a.set(d, c, hn::Add(middle_a.get(d, c), sum_a));
      middle_b.set(d, c, hn::Add(middle_b.get(d, c), sum_b));
    });
    if (runs % run == 0 || end == rows) {
      carry(middle_a, a);
      carry(middle_b, b);
    }
  }
}

// Weight (or bias) of a channel; null stands for `otherwise`.
template <class D>
HWY_INLINE hn::Vec<D> parameter(D d, const float* p, std::size_t c, float otherwise) {
  return p != nullptr ? hn::LoadU(d, p + c) : hn::Set(d, otherwise);
}

// The mean and the centred sum of squares of a block. One pass, about a point near the mean: that
// of the first rows. Then (sum of squares) - rows * (mean - point)^2 loses nothing. Where the
// first rows are unlike the others that difference is small beside its terms: once more, then,
// about the mean of all.
HWY_INLINE void statistics(const float* x, std::size_t rows, std::size_t stride, std::size_t width,
                           float eps, PerChannel& mean, PerChannel& squares) {
  const std::size_t some = std::min(rows, summed_rows);
  PerChannel point, sum, unused;
  sum_rows(some, width, point, unused,
           [&](auto d, std::size_t r, std::size_t c, auto& a, auto&)
               HWY_ATTR { a = hn::Add(a, hn::LoadU(d, x + r * stride + c)); });
  for_lanes(0, width, [&](auto d, std::size_t c) HWY_ATTR {
    point.set(d, c, hn::Div(point.get(d, c), hn::Set(d, static_cast<float>(some))));
  });
  const float n = static_cast<float>(rows);
  for (bool again = true, is_far = true; is_far; again = false) {
    sum_rows(rows, width, sum, squares,
             [&](auto d, std::size_t r, std::size_t c, auto& a, auto& b) HWY_ATTR {
               ask_ahead(x + r * stride + c, summed_rows, stride);
               const auto v = hn::Sub(hn::LoadU(d, x + r * stride + c), point.get(d, c));
               a = hn::Add(a, v);
               b = hn::MulAdd(v, v, b);
             });
    is_far = false;
    for_lanes(0, width, [&](auto d, std::size_t c) HWY_ATTR {
      const auto offset = hn::Div(sum.get(d, c), hn::Set(d, n));
      mean.set(d, c, hn::Add(point.get(d, c), offset));
      const auto s = relu(d, hn::NegMulAdd(sum.get(d, c), offset, squares.get(d, c)));
      // Only channels whose point was far: the others' sums stay the same bits.
      const auto enough = hn::Mul(hn::Set(d, 8.0f), hn::Add(s, hn::Set(d, n * eps)));
      const auto far = hn::Gt(squares.get(d, c), enough);
      point.set(d, c, hn::IfThenElse(far, mean.get(d, c), point.get(d, c)));
      is_far |= again && !hn::AllFalse(d, far);
      squares.set(d, c, s);
    });
  }
}

// y = (x - mean) * scale + bias, where scale = inv_std * weight, over the rows of a block.
HWY_INLINE void apply(const BatchNormApply& a, std::size_t first, std::size_t width) {
  for (std::size_t r = 0; r < a.rows; ++r) {
    const std::size_t row = r * a.channels;
    for_lanes(first, first + width, [&](auto d, std::size_t c) HWY_ATTR {
      ask_ahead(a.x + row + c, rows_ahead, a.channels);
      ask_ahead<1>(a.y + row + c, rows_ahead, a.channels);
      const auto scale = hn::Mul(hn::LoadU(d, a.inv_std + c), parameter(d, a.weight, c, 1.0f));
      const auto v = hn::Sub(hn::LoadU(d, a.x + row + c), hn::LoadU(d, a.mean + c));
      hn::StoreU(hn::MulAdd(v, scale, parameter(d, a.bias, c, 0.0f)), d, a.y + row + c);
    });
  }
}

inline void batch_norm_apply(const BatchNormApply& a) {
  for_blocks(a.threads, a.rows, a.channels,
             [&](std::size_t first, std::size_t width) HWY_ATTR { apply(a, first, width); });
}

inline void batch_norm_forward(const BatchNormForward& a) {
  const BatchNormApply then{a.rows, a.channels, a.threads, a.x, a.weight,
                            a.bias, a.mean,     a.inv_std, a.y};
  const float n = static_cast<float>(a.rows);
  const float unbiased = static_cast<float>(a.rows > 1 ? a.rows - 1 : 1);
  for_blocks(a.threads, a.rows, a.channels, [&](std::size_t first, std::size_t width) HWY_ATTR {
    PerChannel mean, squares;
    statistics(a.x + first, a.rows, a.channels, width, a.eps, mean, squares);
    for_lanes(0, width, [&](auto d, std::size_t c) HWY_ATTR {
      const auto s = squares.get(d, c), m = mean.get(d, c);
      const auto var = hn::Add(hn::Div(s, hn::Set(d, n)), hn::Set(d, a.eps));
      hn::StoreU(m, d, a.mean + first + c);
      hn::StoreU(hn::Div(hn::Set(d, 1.0f), hn::Sqrt(var)), d, a.inv_std + first + c);
      if (a.running_mean == nullptr) return;
      const auto move = [&](float* running, auto to) HWY_ATTR {
        const auto from = hn::LoadU(d, running);
        hn::StoreU(hn::MulAdd(hn::Sub(to, from), hn::Set(d, a.momentum), from), d, running);
      };
      move(a.running_mean + first + c, m);
      move(a.running_var + first + c, hn::Div(s, hn::Set(d, unbiased)));
    });
    apply(then, first, width);
  });
}

// weight / sqrt(running_var + eps)
HWY_INLINE void inference_scale(const float* weight, const float* running_var, float eps,
                                std::size_t first, std::size_t width, PerChannel& scale) {
  for_lanes(0, width, [&](auto d, std::size_t c) HWY_ATTR {
    const auto var = hn::Add(hn::LoadU(d, running_var + first + c), hn::Set(d, eps));
    scale.set(d, c, hn::Div(parameter(d, weight, first + c, 1.0f), hn::Sqrt(var)));
  });
}

inline void batch_norm_inference(const BatchNormInference& a) {
  for_blocks(a.threads, a.rows, a.channels, [&](std::size_t first, std::size_t width) HWY_ATTR {
    PerChannel scale;
    inference_scale(a.weight, a.running_var, a.eps, first, width, scale);
    for (std::size_t r = 0; r < a.rows; ++r) {
      const std::size_t at = r * a.channels + first;
      for_lanes(0, width, [&](auto d, std::size_t c) HWY_ATTR {
        const auto v =
            hn::Sub(hn::LoadU(d, a.x + at + c), hn::LoadU(d, a.running_mean + first + c));
        const auto y = hn::MulAdd(v, scale.get(d, c), parameter(d, a.bias, first + c, 0.0f));
        hn::StoreU(y, d, a.y + at + c);
      });
    }
  });
}

inline void batch_norm_fold(const BatchNormFold& a) {
  for_lanes(0, a.channels, [&](auto d, std::size_t c) HWY_ATTR {
    const auto var = hn::Add(hn::LoadU(d, a.running_var + c), hn::Set(d, a.eps));
    const auto scale = hn::Div(parameter(d, a.weight, c, 1.0f), hn::Sqrt(var));
    const auto mean = hn::LoadU(d, a.running_mean + c);
    hn::StoreU(scale, d, a.scale + c);
    hn::StoreU(hn::NegMulAdd(mean, scale, parameter(d, a.bias, c, 0.0f)), d, a.shift + c);
  });
}

// dx = weight * inv_std * (dy - mean(dy) - xhat * mean(dy * xhat)), xhat = (x - mean) * inv_std.
inline void batch_norm_gradient(const BatchNormGradient& a) {
  const float n = static_cast<float>(a.rows);
  for_blocks(a.threads, a.rows, a.channels, [&](std::size_t first, std::size_t width) HWY_ATTR {
    const auto xhat = [&](auto d, std::size_t r, std::size_t c) HWY_ATTR {
      const auto v =
          hn::Sub(hn::LoadU(d, a.x + r * a.channels + first + c), hn::LoadU(d, a.mean + first + c));
      return hn::Mul(v, hn::LoadU(d, a.inv_std + first + c));
    };
    PerChannel sum, product;
    sum_rows(a.rows, width, sum, product,
             [&](auto d, std::size_t r, std::size_t c, auto& s, auto& p) HWY_ATTR {
               ask_ahead(a.x + r * a.channels + first + c, summed_rows, a.channels);
               ask_ahead(a.dy + r * a.channels + first + c, summed_rows, a.channels);
               const auto dy = hn::LoadU(d, a.dy + r * a.channels + first + c);
               s = hn::Add(s, dy);
               p = hn::MulAdd(dy, xhat(d, r, c), p);
             });
    for_lanes(0, width, [&](auto d, std::size_t c) HWY_ATTR {
      const auto put = [&](float* to, auto v) HWY_ATTR {
        if (to == nullptr) return;
        if (a.accumulate) v = hn::Add(v, hn::LoadU(d, to + first + c));
        hn::StoreU(v, d, to + first + c);
      };
      put(a.dweight, product.get(d, c));
      put(a.dbias, sum.get(d, c));
      sum.set(d, c, hn::Div(sum.get(d, c), hn::Set(d, n)));
      product.set(d, c, hn::Div(product.get(d, c), hn::Set(d, n)));
    });
    for (std::size_t r = 0; a.dx != nullptr && r < a.rows; ++r) {
      for_lanes(0, width, [&](auto d, std::size_t c) HWY_ATTR {
        const std::size_t at = r * a.channels + first + c;
        ask_ahead(a.x + at, rows_ahead, a.channels);
        ask_ahead(a.dy + at, rows_ahead, a.channels);
        ask_ahead<1>(a.dx + at, rows_ahead, a.channels);
        const auto scale =
            hn::Mul(parameter(d, a.weight, first + c, 1.0f), hn::LoadU(d, a.inv_std + first + c));
        const auto centred = hn::Sub(hn::LoadU(d, a.dy + at), sum.get(d, c));
        const auto g = hn::NegMulAdd(xhat(d, r, c), product.get(d, c), centred);
        hn::StoreU(hn::Mul(scale, g), d, a.dx + at);
      });
    }
  });
}

inline void batch_norm_inference_gradient(const BatchNormInferenceGradient& a) {
  for_blocks(a.threads, a.rows, a.channels, [&](std::size_t first, std::size_t width) HWY_ATTR {
    PerChannel scale;
    inference_scale(a.weight, a.running_var, a.eps, first, width, scale);
    for (std::size_t r = 0; r < a.rows; ++r) {
      const std::size_t at = r * a.channels + first;
      for_lanes(0, width, [&](auto d, std::size_t c) HWY_ATTR {
        hn::StoreU(hn::Mul(hn::LoadU(d, a.dy + at + c), scale.get(d, c)), d, a.dx + at + c);
      });
    }
  });
}

}  // namespace etch::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE && defined(ETCH_HEADER_ONLY)
namespace etch::kernels {
inline void batch_norm_fold(const BatchNormFold& a) { HWY_STATIC_DISPATCH(batch_norm_fold)(a); }
inline void batch_norm_inference_gradient(const BatchNormInferenceGradient& a) {
  HWY_STATIC_DISPATCH(batch_norm_inference_gradient)(a);
}
}  // namespace etch::kernels

#if defined(HWY_COMPILE_ONLY_SCALAR)
#include <etch/kernels/micro/batch_norm-inl.hpp>
namespace etch::kernels {
inline void batch_norm_forward(const BatchNormForward& a) { micro::batch_norm_forward(a); }
inline void batch_norm_apply(const BatchNormApply& a) { micro::batch_norm_apply(a); }
inline void batch_norm_inference(const BatchNormInference& a) { micro::batch_norm_inference(a); }
inline void batch_norm_gradient(const BatchNormGradient& a) { micro::batch_norm_gradient(a); }
}  // namespace etch::kernels
#else
namespace etch::kernels {
inline void batch_norm_forward(const BatchNormForward& a) {
  HWY_STATIC_DISPATCH(batch_norm_forward)(a);
}
inline void batch_norm_apply(const BatchNormApply& a) { HWY_STATIC_DISPATCH(batch_norm_apply)(a); }
inline void batch_norm_inference(const BatchNormInference& a) {
  HWY_STATIC_DISPATCH(batch_norm_inference)(a);
}
inline void batch_norm_gradient(const BatchNormGradient& a) {
  HWY_STATIC_DISPATCH(batch_norm_gradient)(a);
}
}  // namespace etch::kernels
#endif
#endif
#endif
