// Plain loops that say what operators of ONNX and TFLite are, for arrays of any rank, and what the
// layers of an imported network are, for one image. In double.
// https://onnx.ai/onnx/operators
#pragma once
#include "import/imported.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>
#include <stdexcept>
#include <vector>

namespace reference {

using Sizes = std::vector<std::size_t>;
using Axes = std::vector<std::int64_t>;

// What the rules of the format forbid.
struct Invalid : std::runtime_error {
  using std::runtime_error::runtime_error;
};
inline void require(bool holds, const char* what) {
  if (!holds) throw Invalid(what);
}

inline std::size_t product(const Sizes& sizes) {
  return std::accumulate(sizes.begin(), sizes.end(), std::size_t{1}, std::multiplies<>());
}

struct Array {
  Sizes sizes;
  std::vector<double> values;

  explicit Array(Sizes s = {}) : sizes(std::move(s)), values(product(sizes)) {}
  std::size_t rank() const { return sizes.size(); }
  std::size_t axis(std::int64_t a) const {
    const auto r = static_cast<std::int64_t>(rank());
    require(a >= -r && a < r, "axis");
    return static_cast<std::size_t>(a < 0 ? a + r : a);
  }
  // Elements in one step of an axis.
  std::size_t step(std::size_t axis) const {
    return product(Sizes(sizes.begin() + static_cast<std::ptrdiff_t>(axis) + 1, sizes.end()));
  }
  double& at(std::size_t a, std::size_t b, std::size_t c, std::size_t d) {
    return values[((a * sizes[1] + b) * sizes[2] + c) * sizes[3] + d];
  }
  double at(std::size_t a, std::size_t b, std::size_t c, std::size_t d) const {
    return values[((a * sizes[1] + b) * sizes[2] + c) * sizes[3] + d];
  }
};

inline Array reshaped(Array x, const Sizes& sizes) {
  require(product(sizes) == x.values.size(), "elements");
  x.sizes = sizes;
  return x;
}

template <class F>
Array mapped(Array x, const F& f) {
  for (double& v : x.values) v = f(v);
  return x;
}

// Dimensions are aligned at their ends; those of 1 are repeated.
template <class F>
Array broadcast(const Array& a, const Array& b, const F& f) {
  const std::size_t rank = std::max(a.rank(), b.rank());
  Sizes sizes(rank, 1);
  const auto size = [&](const Array& x, std::size_t axis) {
    return axis + x.rank() < rank ? 1 : x.sizes[axis + x.rank() - rank];
  };
  for (std::size_t k = 0; k < rank; ++k) {
    const std::size_t p = size(a, k), q = size(b, k);
    require(p == q || p == 1 || q == 1, "broadcast");
    sizes[k] = std::max(p, q);
  }
  Array y(sizes);
  for (std::size_t i = 0; i < y.values.size(); ++i) {
    const auto from = [&](const Array& x) {
      std::size_t at = 0;
      for (std::size_t k = 0; k < rank; ++k) {
        at = at * size(x, k) + (size(x, k) == 1 ? 0 : i / y.step(k) % sizes[k]);
      }
      return x.values[at];
    };
    y.values[i] = f(from(a), from(b));
  }
  return y;
}

inline Array transposed(const Array& x, const Sizes& order) {
  Sizes sizes;
  for (const std::size_t axis : order) sizes.push_back(x.sizes[axis]);
  Array y(sizes);
  for (std::size_t i = 0; i < y.values.size(); ++i) {
    std::size_t at = 0;
    for (std::size_t k = 0; k < order.size(); ++k)
      at += i / y.step(k) % sizes[k] * x.step(order[k]);
    y.values[i] = x.values[at];
  }
  return y;
}

// Over the axes [from, to) as one.
inline Array softmax(Array x, std::size_t from, std::size_t to) {
  const std::size_t inner =
      product(Sizes(x.sizes.begin() + static_cast<std::ptrdiff_t>(to), x.sizes.end()));
  const std::size_t over = x.step(from) * x.sizes[from] / inner;
  for (std::size_t i = 0; i < x.values.size(); ++i) {
    if (i / inner % over != 0) continue;
    double most = x.values[i], sum = 0;
    for (std::size_t k = 0; k < over; ++k) most = std::max(most, x.values[i + k * inner]);
    for (std::size_t k = 0; k < over; ++k) sum += std::exp(x.values[i + k * inner] - most);
    for (std::size_t k = 0; k < over; ++k) {
      x.values[i + k * inner] = std::exp(x.values[i + k * inner] - most) / sum;
    }
  }
  return x;
}

inline Array mean(const Array& x, const Axes& axes, bool keep) {
  std::vector<bool> over(x.rank());
  for (const std::int64_t a : axes) over[x.axis(a)] = true;
  Sizes kept;
  for (std::size_t k = 0; k < x.rank(); ++k) kept.push_back(over[k] ? 1 : x.sizes[k]);
  Array y(kept);
  const double count = static_cast<double>(x.values.size() / y.values.size());
  for (std::size_t i = 0; i < x.values.size(); ++i) {
    std::size_t at = 0;
    for (std::size_t k = 0; k < x.rank(); ++k)
      at = at * kept[k] + (over[k] ? 0 : i / x.step(k) % x.sizes[k]);
    y.values[at] += x.values[i] / count;
  }
  if (keep) return y;
  Sizes sizes;
  for (std::size_t k = 0; k < x.rank(); ++k) {
    if (!over[k]) sizes.push_back(x.sizes[k]);
  }
  return reshaped(y, sizes);
}

inline Array padded(const Array& x, const Sizes& before, const Sizes& after) {
  require(before.size() == x.rank() && after.size() == x.rank(), "pads");
  Sizes sizes;
  for (std::size_t k = 0; k < x.rank(); ++k) sizes.push_back(before[k] + x.sizes[k] + after[k]);
  Array y(sizes);
  for (std::size_t i = 0; i < x.values.size(); ++i) {
    std::size_t at = 0;
    for (std::size_t k = 0; k < x.rank(); ++k)
      at += (i / x.step(k) % x.sizes[k] + before[k]) * y.step(k);
    y.values[at] = x.values[i];
  }
  return y;
}

// Side by side along one axis.
inline Array concatenated(const Array& a, const Array& b, std::int64_t axis) {
  const std::size_t along = a.axis(axis), front = a.sizes[along];
  Sizes sizes = b.sizes;
  require(b.rank() == a.rank(), "Concat");
  sizes[along] = front;
  require(sizes == a.sizes, "Concat");
  sizes[along] += b.sizes[along];
  Array y(sizes);
  const std::size_t inner = y.step(along);
  for (std::size_t i = 0; i < y.values.size(); ++i) {
    const std::size_t k = i / inner % sizes[along], outer = i / (inner * sizes[along]);
    const Array& from = k < front ? a : b;
    y.values[i] =
        from.values[(outer * from.sizes[along] + (k < front ? k : k - front)) * inner + i % inner];
  }
  return y;
}

// (..., K) by a matrix (K, O).
inline Array product_with(const Array& x, const Array& w) {
  require(x.rank() >= 2 && w.rank() == 2 && x.sizes.back() == w.sizes[0], "MatMul");
  Sizes sizes = x.sizes;
  sizes.back() = w.sizes[1];
  Array y(sizes);
  for (std::size_t i = 0; i < y.values.size(); ++i) {
    const std::size_t row = i / w.sizes[1], o = i % w.sizes[1];
    for (std::size_t k = 0; k < w.sizes[0]; ++k) {
      y.values[i] += x.values[row * w.sizes[0] + k] * w.values[k * w.sizes[1] + o];
    }
  }
  return y;
}

// A window over (N, C, H, W); pads: top, left, bottom, right.
struct Windows {
  Sizes kernel{1, 1}, strides{1, 1}, dilations{1, 1}, pads{0, 0, 0, 0};
  bool ceil = false;

  std::size_t positions(std::size_t length, std::size_t axis) const {
    const std::size_t span = (kernel[axis] - 1) * dilations[axis] + 1;
    const std::size_t all = pads[axis] + length + pads[axis + 2];
    require(all >= span, "window");
    const std::size_t floor = (all - span) / strides[axis] + 1;
    const bool more =
        ceil && (all - span) % strides[axis] != 0 && floor * strides[axis] < length + pads[axis];
    return floor + more;
  }
  // For each tap: whether it is on x, within the padding, or beyond; and where it is on x.
  template <class F>
  void taps(const Array& x, std::size_t r, std::size_t c, const F& f) const {
    for (std::size_t u = 0; u < kernel[0]; ++u) {
      for (std::size_t v = 0; v < kernel[1]; ++v) {
        const std::size_t row = r * strides[0] + u * dilations[0],
                          column = c * strides[1] + v * dilations[1];
        const bool inside = row >= pads[0] && row - pads[0] < x.sizes[2] && column >= pads[1] &&
                            column - pads[1] < x.sizes[3];
        const bool counted =
            row < pads[0] + x.sizes[2] + pads[2] && column < pads[1] + x.sizes[3] + pads[3];
        f(inside, counted, row - pads[0], column - pads[1], u, v);
      }
    }
  }
};

inline Array conv(const Array& x, const Array& w, const Array* bias, std::size_t groups,
                  const Windows& k) {
  require(x.rank() == 4 && w.rank() == 4 && groups > 0 && w.sizes[1] * groups == x.sizes[1] &&
              w.sizes[0] % groups == 0,
          "Conv");
  Array y({x.sizes[0], w.sizes[0], k.positions(x.sizes[2], 0), k.positions(x.sizes[3], 1)});
  const std::size_t in = w.sizes[1], out = w.sizes[0] / groups;
  for (std::size_t i = 0; i < y.values.size(); ++i) {
    const std::size_t n = i / y.step(0), o = i / y.step(1) % y.sizes[1],
                      r = i / y.step(2) % y.sizes[2], c = i % y.sizes[3];
    if (bias != nullptr) y.values[i] = bias->values.at(o);
    k.taps(
        x, r, c,
        [&](bool inside, bool, std::size_t row, std::size_t column, std::size_t u, std::size_t v) {
          for (std::size_t q = 0; inside && q < in; ++q) {
            y.values[i] += x.at(n, o / out * in + q, row, column) * w.at(o, q, u, v);
          }
        });
  }
  return y;
}

// Each number of x is spread over y by a window; `more`: rows and columns at the ends of y.
inline Array conv_transpose(const Array& x, const Array& w, const Array* bias, std::size_t groups,
                            const Windows& k, const Sizes& more) {
  require(x.rank() == 4 && w.rank() == 4 && groups > 0 && w.sizes[0] == x.sizes[1] &&
              w.sizes[0] % groups == 0,
          "ConvTranspose");
  const std::size_t in = w.sizes[0] / groups, out = w.sizes[1];
  const auto side = [&](std::size_t axis) {
    const std::size_t whole = (x.sizes[axis + 2] - 1) * k.strides[axis] +
                              (k.kernel[axis] - 1) * k.dilations[axis] + 1 + more[axis];
    require(whole > k.pads[axis] + k.pads[axis + 2], "ConvTranspose");
    return whole - k.pads[axis] - k.pads[axis + 2];
  };
  Array y({x.sizes[0], out * groups, side(0), side(1)});
  for (std::size_t i = 0; bias != nullptr && i < y.values.size(); ++i) {
    y.values[i] = bias->values.at(i / y.step(1) % y.sizes[1]);
  }
  for (std::size_t i = 0; i < x.values.size(); ++i) {
    const std::size_t n = i / x.step(0), c = i / x.step(1) % x.sizes[1],
                      r = i / x.step(2) % x.sizes[2], q = i % x.sizes[3];
    for (std::size_t u = 0; u < k.kernel[0]; ++u) {
      for (std::size_t v = 0; v < k.kernel[1]; ++v) {
        const std::size_t row = r * k.strides[0] + u * k.dilations[0] - k.pads[0];
        const std::size_t column = q * k.strides[1] + v * k.dilations[1] - k.pads[1];
        if (row >= y.sizes[2] || column >= y.sizes[3]) continue;  // below 0, too
        for (std::size_t o = 0; o < out; ++o) {
          y.at(n, c / in * out + o, row, column) += x.values[i] * w.at(c, o, u, v);
        }
      }
    }
  }
  return y;
}

// average: the mean; with count_include_pad of padding, too.
inline Array pool(const Array& x, const Windows& k, bool average, bool count_include_pad) {
  require(x.rank() == 4, "pool");
  Array y({x.sizes[0], x.sizes[1], k.positions(x.sizes[2], 0), k.positions(x.sizes[3], 1)});
  for (std::size_t i = 0; i < y.values.size(); ++i) {
    const std::size_t n = i / y.step(0), o = i / y.step(1) % y.sizes[1],
                      r = i / y.step(2) % y.sizes[2], c = i % y.sizes[3];
    double sum = 0, most = -INFINITY, count = 0;
    k.taps(x, r, c,
           [&](bool inside, bool counted, std::size_t row, std::size_t column, std::size_t,
               std::size_t) {
             if (inside) {
               sum += x.at(n, o, row, column);
               most = std::max(most, x.at(n, o, row, column));
             }
             count += inside || (counted && count_include_pad);
           });
    y.values[i] = average ? sum / count : most;
  }
  return y;
}

// Along the channels of (N, C, ...).
inline Array batch_norm(Array x, double eps, const std::vector<std::vector<float>>& tensors) {
  for (std::size_t i = 0; i < x.values.size(); ++i) {
    const std::size_t c = i / x.step(1) % x.sizes[1];
    x.values[i] =
        (x.values[i] - tensors[2].at(c)) / std::sqrt(tensors[3].at(c) + eps) * tensors[0].at(c) +
        tensors[1].at(c);
  }
  return x;
}

inline double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
inline double hardsigmoid(double x) { return std::min(std::max(x / 6 + 0.5, 0.0), 1.0); }
inline double elu(double x, double alpha) { return x > 0 ? x : alpha * std::expm1(x); }
inline double gelu(double x) { return x / 2 * std::erfc(-x / std::sqrt(2)); }
inline double gelu_tanh(double x) {
  return x / 2 * (1 + std::tanh(std::sqrt(2 / std::acos(-1)) * (x + 0.044715 * x * x * x)));
}

// What the imported network makes of one image in the order (C, H, W), by the layers' definitions.
class Layers {
 public:
  explicit Layers(const etch::host::ImportedNetwork& network) : network_(network) {}

  std::vector<double> operator()(const std::vector<double>& image) {
    const etch::Shape in = network_.shape(0);
    values_[0] = Array({1, in.channels, in.height, in.width});
    values_[0].values = image;
    for (const etch::host::ImportedLayer& l : network_.layers())
      values_[l.y] = made(l, values_.at(l.x));
    return values_.at(network_.output()).values;
  }

 private:
  static Array array(const etch::host::ImportedTensor& t, const Sizes& sizes) {
    Array a(sizes);
    require(a.values.size() == t.values.size(), "weights");
    std::copy(t.values.begin(), t.values.end(), a.values.begin());
    return a;
  }
  // Of PyTorch: what is beyond the padding is extra_padding.
  static Windows windows(const etch::Window& w) {
    return {{w.kernel_size.height, w.kernel_size.width},
            {w.stride.height, w.stride.width},
            {w.dilation.height, w.dilation.width},
            {w.padding.height, w.padding.width, w.padding.height + w.extra_padding.height,
             w.padding.width + w.extra_padding.width}};
  }

  using Imported = etch::host::ImportedLayer;

  Array made(const Imported& l, const Array& x) {
    if (l.join == Imported::concat) {
      Array y = x;
      for (const int v : l.others) {  // of one image: channels lie one after the other
        const Array& part = values_.at(v);
        y.sizes[1] += part.sizes[1];
        y.values.insert(y.values.end(), part.values.begin(), part.values.end());
      }
      return y;
    }
    if (l.join == Imported::sum) return broadcast(x, values_.at(l.others[0]), std::plus<>());
    if (l.join == Imported::product) {
      return broadcast(x, values_.at(l.others[0]), std::multiplies<>());
    }
    return std::visit([&](const auto& layer) { return of(layer, l, x); }, l.layer);
  }

  static Array of(const etch::Conv2d& c, const Imported& l, const Array& x) {
    const Windows k = windows(c.window());
    const std::size_t channels = x.sizes[1], outputs = c.out_channels;
    const Array w = array(l.tensors[0], {outputs, channels / c.groups, k.kernel[0], k.kernel[1]});
    const Array b = c.bias ? array(l.tensors[1], {outputs}) : Array();
    return conv(x, w, c.bias ? &b : nullptr, c.groups, k);
  }
  static Array of(const etch::ConvTranspose2d& c, const Imported& l, const Array& x) {
    const Windows k = windows(c.window());
    const Array w =
        array(l.tensors[0], {x.sizes[1], c.out_channels / c.groups, k.kernel[0], k.kernel[1]});
    const Array b = c.bias ? array(l.tensors[1], {c.out_channels}) : Array();
    return conv_transpose(x, w, c.bias ? &b : nullptr, c.groups, k,
                          {c.output_padding.height, c.output_padding.width});
  }
  static Array of(const etch::Linear& c, const Imported& l, const Array& x) {
    const std::size_t channels = x.sizes[1], outputs = c.out_features;
    const Array w = transposed(array(l.tensors[0], {outputs, channels}), {1, 0});
    Array y = product_with(reshaped(x, {1, channels}), w);
    if (c.bias) y = broadcast(y, array(l.tensors[1], {outputs}), std::plus<>());
    return reshaped(y, {1, outputs, 1, 1});
  }
  static Array of(const etch::BatchNorm2d& n, const Imported& l, const Array& x) {
    return batch_norm(
        x, n.eps,
        {l.tensors[0].values, l.tensors[1].values, l.tensors[2].values, l.tensors[3].values});
  }
  static Array of(const etch::MaxPool2d& p, const Imported&, const Array& x) {
    return pool(x, windows(p.window()), false, false);
  }
  static Array of(const etch::AvgPool2d& p, const Imported&, const Array& x) {
    return pool(x, windows(p.window()), true, p.count_include_pad);
  }
  static Array of(const etch::GlobalAvgPool2d&, const Imported&, const Array& x) {
    return mean(x, {2, 3}, true);
  }
  static Array of(const etch::ReLU&, const Imported&, const Array& x) {
    return mapped(x, [](double v) { return std::max(v, 0.0); });
  }
  static Array of(const etch::ReLU6&, const Imported&, const Array& x) {
    return mapped(x, [](double v) { return std::min(std::max(v, 0.0), 6.0); });
  }
  static Array of(const etch::LeakyReLU& a, const Imported&, const Array& x) {
    return mapped(x, [&](double v) { return v > 0 ? v : double{a.negative_slope} * v; });
  }
  static Array of(const etch::Sigmoid&, const Imported&, const Array& x) {
    return mapped(x, sigmoid);
  }
  static Array of(const etch::Tanh&, const Imported&, const Array& x) {
    return mapped(x, [](double v) { return std::tanh(v); });
  }
  template <class F>
  static Array bordered(const etch::Sides& s, const Array& x, const F& source) {
    Array y({1, x.sizes[1], x.sizes[2] + s.top + s.bottom, x.sizes[3] + s.left + s.right});
    for (std::size_t i = 0; i < y.values.size(); ++i) {
      const auto place = [&](std::size_t at, std::size_t before, std::size_t size) {
        return source(static_cast<std::ptrdiff_t>(at) - static_cast<std::ptrdiff_t>(before),
                      static_cast<std::ptrdiff_t>(size));
      };
      const auto r = place(i / y.step(2) % y.sizes[2], s.top, x.sizes[2]);
      const auto c = place(i % y.sizes[3], s.left, x.sizes[3]);
      if (r < 0 || c < 0) continue;
      y.values[i] =
          x.at(0, i / y.step(1), static_cast<std::size_t>(r), static_cast<std::size_t>(c));
    }
    return y;
  }
  static Array of(const etch::ZeroPad2d& p, const Imported&, const Array& x) {
    return bordered(p.padding, x,
                    [](std::ptrdiff_t i, std::ptrdiff_t n) { return i < n ? i : -1; });
  }
  static Array of(const etch::Hardtanh& a, const Imported&, const Array& x) {
    return mapped(
        x, [&](double v) { return std::min(std::max(v, double{a.min_val}), double{a.max_val}); });
  }
  static Array of(const etch::Hardsigmoid&, const Imported&, const Array& x) {
    return mapped(x, hardsigmoid);
  }
  static Array of(const etch::Hardswish&, const Imported&, const Array& x) {
    return mapped(x, [](double v) { return v * hardsigmoid(v); });
  }
  static Array of(const etch::ELU& a, const Imported&, const Array& x) {
    return mapped(x, [&](double v) { return elu(v, double{a.alpha}); });
  }
  static Array of(const etch::SiLU&, const Imported&, const Array& x) {
    return mapped(x, [](double v) { return v * sigmoid(v); });
  }
  static Array of(const etch::GELU& g, const Imported&, const Array& x) {
    return mapped(x, g.approximate == etch::Approximate::exact ? gelu : gelu_tanh);
  }
  static Array of(const etch::PReLU& p, const Imported& l, const Array& x) {
    Array slopes({1, p.num_parameters, 1, 1});
    slopes.values.assign(l.tensors[0].values.begin(), l.tensors[0].values.end());
    return broadcast(x, slopes, [](double a, double s) { return a > 0 ? a : s * a; });
  }
  static Array of(const etch::LogSoftmax&, const Imported&, const Array& x) {
    return mapped(softmax(x, 1, 2), [](double v) { return std::log(v); });
  }
  static Array of(const etch::Softmax&, const Imported&, const Array& x) {
    return softmax(x, 1, 2);
  }
  static Array of(const etch::Flatten&, const Imported&, const Array& x) {
    return reshaped(x, {1, x.values.size(), 1, 1});
  }
  // What no importer makes.
  template <class L>
  static Array of(const L&, const Imported&, const Array&) {
    throw Invalid(L::name);
  }

  const etch::host::ImportedNetwork& network_;
  std::map<int, Array> values_;
};

}  // namespace reference
