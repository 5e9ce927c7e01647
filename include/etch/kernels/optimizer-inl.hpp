// Optimizer steps for one SIMD target. See optimizer.hpp. The order of the operations is that of
// torch.optim's single-tensor implementations, so that long runs stay close to PyTorch's.
#include <etch/kernels/optimizer.hpp>

#if defined(ETCH_KERNELS_OPTIMIZER_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef ETCH_KERNELS_OPTIMIZER_INL
#undef ETCH_KERNELS_OPTIMIZER_INL
#else
#define ETCH_KERNELS_OPTIMIZER_INL
#endif

#include <hwy/highway.h>

#include <etch/kernels/lanes-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace etch::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// gradient + weight_decay * parameter
template <class D, class V>
HWY_INLINE V decayed(D d, V gradient, float weight_decay, V parameter) {
  if (weight_decay == 0.0f) return gradient;
  return hn::MulAdd(parameter, hn::Set(d, weight_decay), gradient);
}

inline void sgd(const Sgd& args) {
  for_chunks(args.threads, args.size, [a = args](auto d, std::size_t i) HWY_ATTR {
    const auto p = hn::LoadU(d, a.parameters + i);
    auto g = decayed(d, hn::LoadU(d, a.gradients + i), a.weight_decay, p);
    if (a.momentum != 0.0f) {
      const auto momentum = hn::Set(d, a.momentum);
      auto buffer = g;
      if (!a.first) {
        const auto kept = hn::Mul(momentum, hn::LoadU(d, a.momentum_buffer + i));
        buffer = hn::MulAdd(g, hn::Set(d, 1.0f - a.dampening), kept);
      }
      hn::StoreU(buffer, d, a.momentum_buffer + i);
      g = a.nesterov ? hn::MulAdd(momentum, buffer, g) : buffer;
    }
    hn::StoreU(hn::NegMulAdd(hn::Set(d, a.lr), g, p), d, a.parameters + i);
  });
}

inline void adam(const Adam& args) {
  for_chunks(args.threads, args.size, [a = args](auto d, std::size_t i) HWY_ATTR {
    auto p = hn::LoadU(d, a.parameters + i);
    const auto g = decayed(d, hn::LoadU(d, a.gradients + i), a.weight_decay, p);

    auto m = hn::Mul(hn::LoadU(d, a.exp_avg + i), hn::Set(d, a.beta1));
    m = hn::MulAdd(g, hn::Set(d, a.one_minus_beta1), m);
    auto v = hn::Mul(hn::LoadU(d, a.exp_avg_sq + i), hn::Set(d, a.beta2));
    v = hn::MulAdd(hn::Mul(hn::Set(d, a.one_minus_beta2), g), g, v);
    hn::StoreU(m, d, a.exp_avg + i);
    hn::StoreU(v, d, a.exp_avg_sq + i);

    const auto root = hn::Div(hn::Sqrt(v), hn::Set(d, a.sqrt_correction));
    const auto denominator = hn::Add(root, hn::Set(d, a.eps));
    const auto step_size = hn::Set(d, a.step_size);
    if (a.bounded) {
      auto step = hn::Div(step_size, denominator);
      const auto lower = hn::Set(d, a.lower), upper = hn::Set(d, a.upper);
      step = hn::IfThenElse(hn::Lt(step, lower), lower, step);  // NaN stays NaN
      step = hn::IfThenElse(hn::Gt(step, upper), upper, step);
      p = hn::NegMulAdd(step, m, hn::Mul(p, hn::Set(d, a.decay)));
    } else {
      // One multiply-add, said here: compilers make one of a product and a difference in some
      // vectors and not in others, and the bits would depend on where a call's parameters end.
      p = hn::MulSub(p, hn::Set(d, a.decay), hn::Div(hn::Mul(step_size, m), denominator));
    }
    hn::StoreU(p, d, a.parameters + i);
  });
}

// Floats within runs of 4096, doubles above.
inline double squared_norm(const float* x, std::size_t size, std::size_t threads) {
  constexpr std::size_t run = 4096;
  return sum_pieces(
      threads_for(size, threads), size, run, [x](std::size_t begin, std::size_t end) HWY_ATTR {
        double sum = 0;
        for (std::size_t r = begin; r < end; r += run) {
          const float squares =
              sum_lanes(r, std::min(end, r + run), [x](auto d, std::size_t i) HWY_ATTR {
                const auto v = hn::LoadU(d, x + i);
                return hn::Mul(v, v);
              });
          sum += static_cast<double>(squares);
        }
        return sum;
      });
}

inline void scale(float* x, std::size_t size, float factor, std::size_t threads) {
  for_chunks(threads, size, [x, factor](auto d, std::size_t i) HWY_ATTR {
    hn::StoreU(hn::Mul(hn::LoadU(d, x + i), hn::Set(d, factor)), d, x + i);
  });
}

}  // namespace etch::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE && defined(ETCH_HEADER_ONLY)
namespace etch::kernels {
inline double squared_norm(const float* x, std::size_t size, std::size_t threads) {
  return HWY_STATIC_DISPATCH(squared_norm)(x, size, threads);
}
inline void scale(float* x, std::size_t size, float factor, std::size_t threads) {
  HWY_STATIC_DISPATCH(scale)(x, size, factor, threads);
}
}  // namespace etch::kernels

#if defined(HWY_COMPILE_ONLY_SCALAR)
#include <etch/kernels/micro/optimizer-inl.hpp>
namespace etch::kernels {
HWY_INLINE void sgd(const Sgd& a) { micro::sgd(a); }
HWY_INLINE void adam(const Adam& a) { micro::adam(a); }
}  // namespace etch::kernels
#else
namespace etch::kernels {
inline void sgd(const Sgd& a) { HWY_STATIC_DISPATCH(sgd)(a); }
inline void adam(const Adam& a) { HWY_STATIC_DISPATCH(adam)(a); }
}  // namespace etch::kernels
#endif
#endif
#endif
