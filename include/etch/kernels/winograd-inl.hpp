// Winograd's convolution for one SIMD target. See winograd.hpp.
//
// Three passes over a block of tiles: each tile of the input is transformed to a point of
// (m + 2)^2 matrices; every matrix is multiplied with its own weights by the tiles of direct
// convolution; what comes out is transformed back and stored. All vectors run over channels.
#if defined(ETCH_WINOGRAD_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ETCH_WINOGRAD_INL_HPP
#undef ETCH_WINOGRAD_INL_HPP
#else
#define ETCH_WINOGRAD_INL_HPP
#endif

#include <etch/kernels/conv2d.hpp>
#include <etch/kernels/parallel.hpp>
#include <etch/kernels/typed.hpp>

#include <algorithm>

#include <etch/kernels/lanes-inl.hpp>
#include <etch/kernels/tile_tables-inl.hpp>
#include <etch/kernels/transpose-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace etch::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// The one-dimensional transforms of F(m, 3): B^T over m + 2 inputs, G over 3 weights, A^T over
// m + 2 sums. In each `x` is read and `y` written at a stride.
template <std::size_t m>
struct WinogradLine;

template <>
struct WinogradLine<2> {
  template <class D, class V>
  static HWY_INLINE void input(D, const V* x, V* y, std::size_t s) {
    y[0] = hn::Sub(x[0], x[2 * s]);
    y[s] = hn::Add(x[s], x[2 * s]);
    y[2 * s] = hn::Sub(x[2 * s], x[s]);
    y[3 * s] = hn::Sub(x[s], x[3 * s]);
  }
  template <class D, class V>
  static HWY_INLINE void weight(D d, const V* x, std::size_t xs, V* y, std::size_t ys) {
    const V half = hn::Set(d, 0.5f), sum = hn::Mul(half, hn::Add(x[0], x[2 * xs]));
    const V middle = hn::Mul(half, x[xs]);
    y[0] = x[0];
    y[ys] = hn::Add(sum, middle);
    y[2 * ys] = hn::Sub(sum, middle);
    y[3 * ys] = x[2 * xs];
  }
  template <class D, class V>
  static HWY_INLINE void output(D, const V* x, std::size_t xs, V* y, std::size_t ys) {
    y[0] = hn::Add(x[0], hn::Add(x[xs], x[2 * xs]));
    y[ys] = hn::Sub(hn::Sub(x[xs], x[2 * xs]), x[3 * xs]);
  }
};

template <>
struct WinogradLine<4> {
  template <class D, class V>
  static HWY_INLINE void input(D d, const V* x, V* y, std::size_t s) {
    const V two = hn::Set(d, 2.0f), four = hn::Set(d, 4.0f), five = hn::Set(d, 5.0f);
    const V x0 = x[0], x1 = x[s], x2 = x[2 * s], x3 = x[3 * s], x4 = x[4 * s], x5 = x[5 * s];
    const V even = hn::NegMulAdd(four, x2, x4), odd = hn::NegMulAdd(four, x1, x3);
    const V even2 = hn::Sub(x4, x2), odd2 = hn::Mul(two, hn::Sub(x3, x1));
    y[0] = hn::Add(hn::NegMulAdd(five, x2, hn::Mul(four, x0)), x4);
    y[s] = hn::Add(even, odd);
    y[2 * s] = hn::Sub(even, odd);
    y[3 * s] = hn::Add(even2, odd2);
    y[4 * s] = hn::Sub(even2, odd2);
    y[5 * s] = hn::Add(hn::NegMulAdd(five, x3, hn::Mul(four, x1)), x5);
  }
  template <class D, class V>
  static HWY_INLINE void weight(D d, const V* x, std::size_t xs, V* y, std::size_t ys) {
    const V sixth = hn::Set(d, 1.0f / 6), twelfth = hn::Set(d, 1.0f / 12);
    const V x24 = hn::Mul(hn::Set(d, 1.0f / 24), x[0]), x2 = x[2 * xs];
    const V sum = hn::Mul(sixth, hn::Add(x[0], x2)), middle = hn::Mul(sixth, x[xs]);
    const V sum2 = hn::MulAdd(sixth, x2, x24), middle2 = hn::Mul(twelfth, x[xs]);
    y[0] = hn::Mul(hn::Set(d, 0.25f), x[0]);
    y[ys] = hn::Neg(hn::Add(sum, middle));
    y[2 * ys] = hn::Sub(middle, sum);
    y[3 * ys] = hn::Add(sum2, middle2);
    y[4 * ys] = hn::Sub(sum2, middle2);
    y[5 * ys] = x2;
  }
  template <class D, class V>
  static HWY_INLINE void output(D d, const V* x, std::size_t xs, V* y, std::size_t ys) {
    const V two = hn::Set(d, 2.0f), four = hn::Set(d, 4.0f), eight = hn::Set(d, 8.0f);
    const V sum = hn::Add(x[xs], x[2 * xs]), difference = hn::Sub(x[xs], x[2 * xs]);
    const V sum2 = hn::Add(x[3 * xs], x[4 * xs]), difference2 = hn::Sub(x[3 * xs], x[4 * xs]);
    y[0] = hn::Add(hn::Add(x[0], sum), sum2);
    y[ys] = hn::MulAdd(two, difference2, difference);
    y[2 * ys] = hn::MulAdd(four, sum2, sum);
    y[3 * ys] = hn::Add(hn::MulAdd(eight, difference2, difference), x[5 * xs]);
  }
};

// The rows of one point's matrix: tiles, summed over its inputs.
struct PointRows {
  const float* x;
  std::size_t inputs;

  std::size_t together(std::size_t) const { return block_tiles * max_rows; }

  void build(std::size_t first, std::size_t count, const Tables& tables, std::size_t tile) const {
    TileRows& rows = tables.rows(tile);
    Segment& segment = *tables.segments(tile);
    rows.num_rows = static_cast<std::uint32_t>(count);
    rows.num_segments = 1;
    segment.k = 0;
    segment.length = static_cast<std::uint32_t>(inputs);
    for (std::size_t i = 0; i < count; ++i) {
      rows.pixel[i] = static_cast<std::uint32_t>(first + i);
      segment.rows[i] = x + (first + i) * inputs;
    }
  }
};

template <std::size_t m>
class Winograd {
 public:
  explicit Winograd(const ConvForward& c)
      : c_(c),
        g_(c.geometry),
        s_(c.geometry, c.batch, m),
        input_(typed<float>(c.scratch)),
        output_(input_ + s_.input()),
        zeros_(typed<float>(c.scratch + s_.scratch(0) - s_.zeros_bytes())),
        tables_(c.scratch + s_.scratch(0)) {
    std::fill(zeros_, zeros_ + s_.inputs, 0.0f);
  }

  void run() {
    const std::size_t tiles = c_.batch * s_.down * s_.across;
    for (std::size_t first = 0; first < tiles; first += s_.block) {
      const std::size_t count = std::min(s_.block, tiles - first);
      const auto each_tile = [&](auto pass) {
        parallel(c_.threads, count, [&](std::size_t i, std::size_t) HWY_ATTR {
          const std::size_t tile = first + i, within = tile % (s_.down * s_.across);
          (this->*pass)(
              i, {tile / (s_.down * s_.across), within / s_.across * m, within % s_.across * m});
        });
      };
      each_tile(&Winograd::transform_input);
      parallel(c_.threads, s_.points, [&](std::size_t point, std::size_t worker) HWY_ATTR {
        multiply(point, count, tables_ + worker * s_.tables().bytes());
      });
      each_tile(&Winograd::transform_output);
    }
  }

 private:
  static constexpr std::size_t size = m + 2;
  using Line = WinogradLine<m>;

  // The first output pixel of a tile.
  struct Place {
    std::size_t n, r, c;
  };

  void transform_input(std::size_t i, Place p) const {
    const float* from[size * size];
    for (std::size_t u = 0; u < size; ++u) {
      for (std::size_t v = 0; v < size; ++v) {
        // Above and left of the image r and c wrap around.
        const std::size_t r = p.r + u - g_.window.padding.height;
        const std::size_t c = p.c + v - g_.window.padding.width;
        const bool inside = r < g_.input.height && c < g_.input.width;
        const std::size_t pixel = (p.n * g_.input.height + r) * g_.input.width + c;
        from[u * size + v] = inside ? c_.x + pixel * s_.inputs : zeros_;
      }
    }
    float* to = input_ + i * s_.inputs;
    const std::size_t stride = s_.block * s_.inputs;
    for_lanes(0, s_.inputs, [&](auto d, std::size_t channel) HWY_ATTR {
      hn::Vec<decltype(d)> x[size * size], y[size * size];
      for (std::size_t k = 0; k < size * size; ++k) x[k] = hn::LoadU(d, from[k] + channel);
      for (std::size_t v = 0; v < size; ++v) Line::input(d, x + v, y + v, size);
      for (std::size_t u = 0; u < size; ++u) Line::input(d, y + u * size, x + u * size, 1);
      for (std::size_t k = 0; k < size * size; ++k) hn::StoreU(x[k], d, to + k * stride + channel);
    });
  }

  void multiply(std::size_t point, std::size_t count, std::byte* scratch) const {
    const TileTables layout = s_.tables();
    const Tables tables{scratch, layout.table, 1};
    const PointRows rows{input_ + point * s_.block * s_.inputs, s_.inputs};
    const float* weight = c_.weight + point * s_.inputs * s_.outputs;
    const TileOutput out{output_ + point * s_.block * s_.outputs, s_.outputs, {}, false};
    for (std::size_t first = 0; first < count;) {
      const std::size_t tiles = build_tiles(rows, tables, first, count, layout.tiles);
      run_tiles(tables, tiles, weight, s_.inputs, s_.outputs, 0, s_.outputs, out);
    }
  }

  void transform_output(std::size_t i, Place p) const {
    const float* from = output_ + i * s_.outputs;
    const std::size_t stride = s_.block * s_.outputs;
    const std::size_t height = std::min(m, g_.output.height - p.r);
    const std::size_t width = std::min(m, g_.output.width - p.c);
    const std::size_t pixel = (p.n * g_.output.height + p.r) * g_.output.width + p.c;
    for_lanes(0, s_.outputs, [&](auto d, std::size_t channel) HWY_ATTR {
      hn::Vec<decltype(d)> x[size * size], y[m * size];
      for (std::size_t k = 0; k < size * size; ++k)
        x[k] = hn::LoadU(d, from + k * stride + channel);
      for (std::size_t v = 0; v < size; ++v) Line::output(d, x + v, size, y + v, size);
      for (std::size_t u = 0; u < m; ++u) Line::output(d, y + u * size, 1, x + u * m, 1);
      for (std::size_t u = 0; u < height; ++u) {
        for (std::size_t v = 0; v < width; ++v) {
          const std::size_t at = (pixel + u * g_.output.width + v) * s_.outputs + channel;
          hn::StoreU(finish(d, x[u * m + v], at, channel), d, c_.y + at);
        }
      }
    });
  }

  template <class D>
  HWY_INLINE hn::Vec<D> finish(D d, hn::Vec<D> sum, std::size_t at, std::size_t channel) const {
    const Epilogue& e = c_.epilogue;
    if (e.scale != nullptr) sum = hn::Mul(sum, hn::LoadU(d, e.scale + channel));
    if (e.shift != nullptr) sum = hn::Add(sum, hn::LoadU(d, e.shift + channel));
    if (e.skip != nullptr) sum = hn::Add(sum, hn::LoadU(d, e.skip + at));
    return e.relu ? relu(d, sum) : sum;
  }

  const ConvForward& c_;
  const ConvGeometry& g_;
  WinogradSizes s_;
  float* input_;
  float* output_;
  float* zeros_;
  std::byte* tables_;
};

inline void winograd_forward(const ConvForward& c) {
  winograd_tile(c.geometry) == 4 ? Winograd<4>(c).run() : Winograd<2>(c).run();
}

// G g G^T for every pair of channels; a row of a panel is a vector of outputs.
template <std::size_t m, class V, class D>
HWY_INLINE void transform_weight(D d, const V* x, V* z) {
  constexpr std::size_t size = m + 2;
  V y[size * 3];
  for (std::size_t v = 0; v < 3; ++v) WinogradLine<m>::weight(d, x + v, 3, y + v, 3);
  for (std::size_t u = 0; u < size; ++u) WinogradLine<m>::weight(d, y + u * 3, 1, z + u * size, 1);
}
template <std::size_t m>
HWY_INLINE void prepare_weights(const WinogradPrepare& a, std::size_t threads) {
  constexpr std::size_t size = m + 2;
  const std::size_t inputs = a.geometry.inputs(), outputs = a.geometry.outputs();
  parallel(threads, (outputs + panel - 1) / panel, [&](std::size_t i, std::size_t) HWY_ATTR {
    const std::size_t o = i * panel, width = std::min(panel, outputs - o);
    const float* from = a.weight + o * 9 * inputs;
    float* to = a.prepared + o * inputs;
    for_lanes(0, inputs * width, [&](auto d, std::size_t at) HWY_ATTR {
      hn::Vec<decltype(d)> x[9], z[size * size];
      for (std::size_t k = 0; k < 9; ++k) x[k] = hn::LoadU(d, from + k * inputs * width + at);
      transform_weight<m>(d, x, z);
      for (std::size_t k = 0; k < size * size; ++k) {
        hn::StoreU(z[k], d, to + k * inputs * outputs + at);
      }
    });
  });
}

inline void winograd_prepare(const WinogradPrepare& a) {
  winograd_tile(a.geometry) == 4 ? prepare_weights<4>(a, 1) : prepare_weights<2>(a, 1);
}

// The same of the weights of the input gradient: turned around, and of a panel of its outputs, our
// inputs, as many rows as there are outputs.
template <std::size_t m>
HWY_INLINE void prepare_backward(const ConvGeometry& g, const float* weight, float* prepared,
                                 std::size_t threads) {
  constexpr std::size_t points = (m + 2) * (m + 2);
  const std::size_t inputs = g.inputs(), outputs = g.outputs();
  parallel(threads, (inputs + panel - 1) / panel, [&](std::size_t p, std::size_t) HWY_ATTR {
    HWY_ALIGN float block[points * panel * panel];
    const std::size_t i = p * panel, rows = std::min(panel, inputs - i);
    for (std::size_t o = 0; o < outputs; o += panel) {
      const std::size_t width = std::min(panel, outputs - o);
      const float* from = weight + o * 9 * inputs + i * width;
      for_lanes(0, rows * width, [&](auto d, std::size_t at) HWY_ATTR {
        hn::Vec<decltype(d)> x[9], z[points];
        for (std::size_t k = 0; k < 9; ++k) x[8 - k] = hn::LoadU(d, from + k * inputs * width + at);
        transform_weight<m>(d, x, z);
        for (std::size_t k = 0; k < points; ++k) hn::StoreU(z[k], d, block + k * rows * width + at);
      });
      for (std::size_t k = 0; k < points; ++k) {
        transpose(block + k * rows * width, width, rows, width,
                  prepared + k * inputs * outputs + i * outputs + o * rows, rows);
      }
    }
  });
}

// Runs a convolution whose weights are prepared at the beginning of its scratch.
template <std::size_t m>
HWY_INLINE void run_prepared(ConvForward c) {
  c.weight = typed<const float>(c.scratch);
  c.scratch += cache_lines(WinogradSizes(c.geometry, c.batch, m).weights() * sizeof(float));
  Winograd<m>(c).run();
}
template <std::size_t m>
HWY_INLINE void training_forward(const ConvForward& c) {
  prepare_weights<m>({c.geometry, c.weight, typed<float>(c.scratch)}, c.threads);
  run_prepared<m>(c);
}
inline void winograd_training_forward(const WinogradTrainingForward& a) {
  a.m == 4 ? training_forward<4>(a.convolution) : training_forward<2>(a.convolution);
}

template <std::size_t m>
HWY_INLINE void input_gradient_tiles(const ConvInputGradient& c) {
  const ConvGeometry backward = winograd_backward(c.geometry);
  prepare_backward<m>(c.geometry, c.weight, typed<float>(c.scratch), c.threads);
  run_prepared<m>({backward,
                   c.batch,
                   c.threads,
                   c.dy,
                   nullptr,
                   c.dx,
                   {.skip = c.accumulate ? c.dx : nullptr},
                   c.scratch});
}
inline void winograd_input_gradient(const WinogradInputGradient& a) {
  a.m == 4 ? input_gradient_tiles<4>(a.convolution) : input_gradient_tiles<2>(a.convolution);
}

}  // namespace etch::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
