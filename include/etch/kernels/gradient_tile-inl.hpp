// The micro-kernel of the weight gradient: a tile, input channels down and output channels across,
// stays in registers while pixels stream through it; each adds x[i] * dy[o].
#if defined(ETCH_GRADIENT_TILE_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ETCH_GRADIENT_TILE_INL_HPP
#undef ETCH_GRADIENT_TILE_INL_HPP
#else
#define ETCH_GRADIENT_TILE_INL_HPP
#endif

#include <etch/kernels/advance.hpp>
#include <etch/kernels/conv2d_scratch.hpp>

#include <algorithm>
#include <utility>

#include <etch/kernels/gemm_tile-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace etch::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Pixels that lie evenly in both tensors.
struct Run {
  const float* x;
  std::size_t first, count;  // of the chunk's output gradients
};

struct Runs {
  Run run[chunk_pixels];
  std::size_t size = 0;
  std::size_t x_stride = 0;  // floats between the pixels of a run
};

// Where a tile of the gradient is: columns in `vectors` vectors, rows row_stride apart.
struct GradientTile {
  float* dweight[tile_vectors];
  std::size_t row_stride;
  const float* dy;        // the chunk's first pixel, at the first column
  std::size_t dy_stride;  // floats between pixels
  std::size_t count;      // lanes of the last vector that exist
  bool add;               // to what is there
};

// As gemm_tile-inl.hpp's chain: here values don't shrink with the length of the sum, as weights
// do in forward, so the chains are shorter. 64 cost 3 % of the speed.
inline constexpr std::size_t pixel_chain = 64;

// Adds the products of one pixel to a tile's sums.
template <std::size_t vectors, bool partial, std::size_t... i>
HWY_INLINE void add_pixel(const float* x, const float* dy, std::size_t count,
                          Vector<partial>* HWY_RESTRICT sum, std::index_sequence<i...>) {
  const Tag<partial> d;
  Vector<partial> b[vectors];
  HWY_UNROLL(4)
  for (std::size_t v = 0; v < vectors; ++v) b[v] = load<partial>(dy + v * vector_lanes, count);
  ((sum[i] = hn::MulAdd(hn::Set(d, x[i / vectors]), b[i % vectors], sum[i])), ...);
}

template <std::size_t rows, std::size_t vectors, bool partial, std::size_t... i>
HWY_INLINE void gradient_tile_body(const Runs& runs, std::size_t x_offset, const GradientTile& t,
                                   std::index_sequence<i...> sums) {
  const Tag<partial> d;
  Vector<partial> sum[] = {(static_cast<void>(i), hn::Zero(d))...};
  // Few sums would wait for each other: every second pixel has sums of its own.
  constexpr bool two = sizeof...(i) <= 6;
  Vector<partial> second[] = {(static_cast<void>(i), hn::Zero(d))...};
  HWY_ALIGN float total[rows * vectors * vector_lanes];
  // Read only where `any` says so, which g++ does not always see.
  if constexpr (HWY_ARCH_ARM || rows * vectors * vector_lanes <= 16)
    std::fill_n(total, rows * vectors * vector_lanes, 0.0f);
  Chains<partial> chains{total, false};
  std::size_t pixels = 0;
  for (std::size_t s = 0; s < runs.size; ++s) {
    const Run& run = runs.run[s];
    const float* x = run.x + x_offset;
    const float* dy = t.dy + run.first * t.dy_stride;
    for (std::size_t begin = 0; begin < run.count; begin += pixel_chain) {
      const std::size_t count = HWY_MIN(pixel_chain, run.count - begin);
      if (pixels + count > pixel_chain) {
        if constexpr (two) ((sum[i] = hn::Add(sum[i], second[i]), second[i] = hn::Zero(d)), ...);
        ((chains.add(i, sum[i]), sum[i] = hn::Zero(d)), ...);
        chains.any = true;
        pixels = 0;
      }
      pixels += count;
      std::size_t p = 0;
      for (; two && p + 2 <= count; p += 2) {
        add_pixel<vectors, partial>(x, dy, t.count, sum, sums);
        add_pixel<vectors, partial>(x + runs.x_stride, dy + t.dy_stride, t.count, second, sums);
        advance(x, 2 * runs.x_stride);
        dy += 2 * t.dy_stride;
      }
      for (; p < count; ++p) {
        add_pixel<vectors, partial>(x, dy, t.count, sum, sums);
        advance(x, runs.x_stride);
        dy += t.dy_stride;
      }
    }
  }
  if constexpr (two) ((sum[i] = hn::Add(sum[i], second[i])), ...);
  const auto put = [&](std::size_t r, std::size_t v, Vector<partial> g) HWY_ATTR {
    float* to = t.dweight[v] + r * t.row_stride;
    if (t.add) g = hn::Add(g, load<partial>(to, t.count));
    store<partial>(g, to, t.count);
  };
  (put(i / vectors, i % vectors, chains.with(i, sum[i])), ...);
}

using GradientFunction = void (*)(const Runs&, std::size_t, const GradientTile&);

template <std::size_t rows, std::size_t vectors, bool partial>
HWY_NOINLINE void gradient_tile(const Runs& runs, std::size_t x_offset, const GradientTile& t) {
  gradient_tile_body<rows, vectors, partial>(runs, x_offset, t,
                                             std::make_index_sequence<rows * vectors>());
}
template <std::size_t vectors, bool partial, std::size_t... r>
HWY_INLINE GradientFunction gradient_tile_of(std::size_t rows, std::index_sequence<r...>) {
  static constexpr GradientFunction functions[] = {gradient_tile<r + 1, vectors, partial>...};
  return functions[rows - 1];
}
template <std::size_t vectors, bool partial>
HWY_INLINE GradientFunction gradient_tile_of(std::size_t rows) {
  return gradient_tile_of<vectors, partial>(rows, std::make_index_sequence<max_rows>());
}

}  // namespace etch::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
