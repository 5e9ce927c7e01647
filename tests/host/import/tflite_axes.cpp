// TFLite operators over sizes that could be any axis's (batch, channels, height and width are
// equal) mean what TensorFlow Lite makes of them, or are refused.
// https://www.tensorflow.org/mlir/tfl_ops
#include "drawn.hpp"
#include "host/idx_files.hpp"
#include "host/import/reference.hpp"
#include "host/import/tflite_model.hpp"
#include "import/tflite.hpp"
#include "process.hpp"

#include <catch2/catch.hpp>

#include <optional>

using namespace etch;
using namespace etch::host;
using reference::Array;
using reference::Axes;
using reference::require;
using reference::Windows;

namespace {

using Ints = std::vector<std::int32_t>;
using Fused = tflite::ActivationFunctionType;
using Type = tflite::BuiltinOptions;

Ints ints(const reference::Sizes& sizes) { return {sizes.begin(), sizes.end()}; }

// Between TFLite's order of an image and that of the reference's windows.
Array channels_first(const Array& x) {
  require(x.rank() == 4, "an image");
  return reference::transposed(x, {0, 3, 1, 2});
}
Array channels_last(const Array& x) { return reference::transposed(x, {0, 2, 3, 1}); }

Array activated(const Array& x, Fused fused) {
  switch (fused) {
    case Fused::RELU:
      return reference::mapped(x, [](double v) { return std::max(v, 0.0); });
    case Fused::RELU6:
      return reference::mapped(x, [](double v) { return std::min(std::max(v, 0.0), 6.0); });
    case Fused::TANH:
      return reference::mapped(x, [](double v) { return std::tanh(v); });
    default:
      return x;
  }
}

// "Same": ceil(size / stride) positions, an odd zero at the end; "valid": nothing around x.
Windows placed(Windows k, tflite::Padding padding, const Array& x) {
  require(x.rank() == 4, "an image");
  for (std::size_t axis = 0; axis < 2 && padding == tflite::Padding::SAME; ++axis) {
    const std::size_t n = x.sizes[axis + 1], outputs = (n + k.strides[axis] - 1) / k.strides[axis];
    const std::size_t span =
        (outputs - 1) * k.strides[axis] + (k.kernel[axis] - 1) * k.dilations[axis] + 1;
    const std::size_t zeros = span > n ? span - n : 0;
    k.pads[axis] = zeros / 2;
    k.pads[axis + 2] = zeros - zeros / 2;
  }
  return k;
}

// A model of a few drawn operators, and what they make by plain loops.
class DrawnModel {
 public:
  explicit DrawnModel(Generator& random) : random_(random) {
    size_ = drawn::pick(random_, 1, 4);
    reference::Sizes sizes{chance(2) ? 1 : size_};
    for (int i = chance(5) ? 0 : 2; i >= 0; --i) sizes.push_back(chance(6) ? 1 : size_);
    const Array x = filled(sizes);
    values_.push_back({model_.tensor("x", ints(sizes)), x});
    const std::size_t operators = drawn::pick(random_, 1, 4);
    for (std::size_t i = 0; i < operators && is_model_; ++i) draw();
  }

  std::string bytes() { return model_.bytes(values_.front().tensor, values_.back().tensor); }
  const std::vector<std::string>& operators() const { return operators_; }
  const Array& x() const { return values_.front().array; }
  // Where the operators contradict themselves it is not a model.
  bool is_model() const { return is_model_; }
  const Array& y() const { return values_.back().array; }
  std::string text() const {
    std::string all;
    for (std::size_t i = 0; i < values_.size(); ++i) {
      all += i == 0 ? "x" : "; " + operators_[i - 1];
      for (const std::size_t n : values_[i].array.sizes) all += " " + std::to_string(n);
    }
    return all;
  }

 private:
  struct Value {
    int tensor;
    Array array;
  };

  std::int32_t any(std::initializer_list<std::int32_t> of) {
    return *(of.begin() + random_.below(of.size()));
  }
  bool chance(std::size_t one_in) { return random_.below(one_in) == 0; }
  Fused any_fused() {
    constexpr Fused all[] = {Fused::NONE, Fused::RELU, Fused::RELU6, Fused::TANH};
    return all[chance(2) ? 0 : random_.below(4)];
  }
  tflite::Padding any_padding() {
    return chance(2) ? tflite::Padding::SAME : tflite::Padding::VALID;
  }
  Array filled(const reference::Sizes& sizes) {
    Array a(sizes);
    for (double& v : a.values) v = 2 * static_cast<double>(random_.uniform());
    return a;
  }
  int constant(const Array& a) {
    return model_.floats("c", ints(a.sizes), {a.values.begin(), a.values.end()});
  }
  // Of the values so far mostly the last.
  const Value& taken() {
    return chance(8) ? values_[random_.below(values_.size())] : values_.back();
  }

  // An operator whose output compute() makes; now and then the file says another shape.
  template <class Compute>
  void op(const char* name, int code, const Ints& inputs, const Compute& compute,
          Type type = Type::NONE, flatbuffers::Offset<void> options = 0) {
    Array y = x();
    try {
      y = compute();
      require(y.rank() > 0, "a batch");
    } catch (const reference::Invalid&) {
      is_model_ = false;
    }
    if (!is_model_) y = x();
    Ints said = ints(y.sizes);
    if (chance(60)) {
      said[random_.below(said.size())] += 1;
      is_model_ = false;
    }
    const std::string output = "v" + std::to_string(values_.size());
    values_.push_back({model_.tensor(output.c_str(), said), y});
    model_.op(code, inputs, values_.back().tensor, type, options);
    operators_.push_back(name);
  }

  void draw() {
    using Draw = void (DrawnModel::*)(const Value&);
    constexpr Draw all[] = {&DrawnModel::constant_operand,
                            &DrawnModel::constant_operand,
                            &DrawnModel::two_values,
                            &DrawnModel::two_values,
                            &DrawnModel::concatenation,
                            &DrawnModel::conv,
                            &DrawnModel::conv,
                            &DrawnModel::depthwise,
                            &DrawnModel::linear,
                            &DrawnModel::pool,
                            &DrawnModel::pool,
                            &DrawnModel::pointwise,
                            &DrawnModel::prelu,
                            &DrawnModel::softmax,
                            &DrawnModel::reshape,
                            &DrawnModel::reshape,
                            &DrawnModel::squeeze,
                            &DrawnModel::pad,
                            &DrawnModel::pad,
                            &DrawnModel::mean};
    const Value from = taken();
    (this->*all[random_.below(std::size(all))])(from);
  }

  // Sums and products of x and c, in either order.
  void combine(const Array& a, int left, const Array& b, int right) {
    const Fused fused = any_fused();
    if (chance(2)) {
      op(
          "ADD", 0, {left, right},
          [&] { return activated(reference::broadcast(a, b, std::plus<>()), fused); },
          Type::AddOptions, model_.options(tflite::CreateAddOptions, fused));
    } else {
      op(
          "MUL", 18, {left, right},
          [&] { return activated(reference::broadcast(a, b, std::multiplies<>()), fused); },
          Type::MulOptions, model_.options(tflite::CreateMulOptions, fused));
    }
  }
  void constant_operand(const Value& x) {
    reference::Sizes sizes(random_.below(6));
    const std::size_t only =  // often along one axis, and then mostly the last
        chance(2)       ? random_.below(sizes.size() + 1)
        : sizes.empty() ? 0
                        : sizes.size() - 1;
    for (std::size_t k = 0; k < sizes.size(); ++k)
      sizes[k] = only == k ? size_ : chance(5) ? size_ : 1;
    const Array c = filled(sizes);
    const int other = constant(c);
    chance(2) ? combine(c, other, x.array, x.tensor) : combine(x.array, x.tensor, c, other);
  }
  void two_values(const Value& x) {
    const Value other = values_[random_.below(values_.size())];
    combine(x.array, x.tensor, other.array, other.tensor);
  }

  void concatenation(const Value& x) {
    const Value other = values_[random_.below(values_.size())];
    const int axis = any({-1, -1, static_cast<int>(x.array.rank()) - 1, 1, 2, -2});
    const Fused fused = any_fused();
    op(
        "CONCATENATION", 2, {x.tensor, other.tensor},
        [&] { return activated(reference::concatenated(x.array, other.array, axis), fused); },
        Type::ConcatenationOptions,
        model_.options(tflite::CreateConcatenationOptions, axis, fused));
  }

  Windows any_window(bool dilates) {
    Windows k;
    for (std::size_t axis = 0; axis < 2; ++axis) {
      k.kernel[axis] = drawn::pick(random_, 1, size_ + 1);
      k.strides[axis] = drawn::pick(random_, 1, 3);
      if (dilates && chance(4)) k.dilations[axis] = 2;
    }
    return k;
  }
  static int number(std::size_t n) { return static_cast<int>(n); }

  // Weights are (O, KH, KW, I), where I may be those of a group.
  void conv(const Value& x) {
    const Windows k = any_window(true);
    const std::size_t in = x.array.sizes.back();
    const Array w = filled({size_, k.kernel[0], k.kernel[1], chance(4) ? 1 : in}),
                b = filled({size_});
    const tflite::Padding padding = any_padding();
    const Fused fused = any_fused();
    const int bias = chance(2) ? constant(b) : -1;
    op(
        "CONV_2D", 3, {x.tensor, constant(w), bias},
        [&] {
          const Array y =
              reference::conv(channels_first(x.array), channels_first(w), bias < 0 ? nullptr : &b,
                              in / w.sizes[3], placed(k, padding, x.array));
          return activated(channels_last(y), fused);
        },
        Type::Conv2DOptions,
        model_.options(tflite::CreateConv2DOptions, padding, number(k.strides[1]),
                       number(k.strides[0]), fused, number(k.dilations[1]),
                       number(k.dilations[0])));
  }
  // Weights are (1, KH, KW, O).
  void depthwise(const Value& x) {
    const Windows k = any_window(true);
    const std::size_t in = x.array.sizes.back();
    const Array w = filled({1, k.kernel[0], k.kernel[1], in * drawn::pick(random_, 1, 2)});
    const Array b = filled({w.sizes[3]});
    const tflite::Padding padding = any_padding();
    const Fused fused = any_fused();
    const int bias = chance(2) ? constant(b) : -1;
    op(
        "DEPTHWISE_CONV_2D", 4, {x.tensor, constant(w), bias},
        [&] {
          const Array y =
              reference::conv(channels_first(x.array), reference::transposed(w, {3, 0, 1, 2}),
                              bias < 0 ? nullptr : &b, in, placed(k, padding, x.array));
          return activated(channels_last(y), fused);
        },
        Type::DepthwiseConv2DOptions,
        model_.options(tflite::CreateDepthwiseConv2DOptions, padding, number(k.strides[1]),
                       number(k.strides[0]), number(w.sizes[3] / in), fused, number(k.dilations[1]),
                       number(k.dilations[0])));
  }
  // Of all numbers of x in rows of K; weights are (O, K).
  void linear(const Value& x) {
    const std::size_t whole = x.array.values.size() / x.array.sizes[0];
    const Array w = filled({size_, chance(3) ? size_ : whole}), b = filled({size_});
    const Fused fused = any_fused();
    const int bias = chance(2) ? constant(b) : -1;
    op(
        "FULLY_CONNECTED", 9, {x.tensor, constant(w), bias},
        [&] {
          const std::size_t in = w.sizes[1];
          Array y = reference::product_with(
              reference::reshaped(x.array, {x.array.values.size() / in, in}),
              reference::transposed(w, {1, 0}));
          if (bias >= 0) y = reference::broadcast(y, b, std::plus<>());
          return activated(y, fused);
        },
        Type::FullyConnectedOptions,
        model_.options(tflite::CreateFullyConnectedOptions, fused, std::int8_t{0}));
  }

  // What is around x counts in no mean.
  void pool(const Value& x) {
    const bool average = chance(2);
    const Windows k = any_window(false);
    const tflite::Padding padding = any_padding();
    const Fused fused = any_fused();
    op(
        average ? "AVERAGE_POOL_2D" : "MAX_POOL_2D", average ? 1 : 17, {x.tensor},
        [&] {
          const Array y =
              reference::pool(channels_first(x.array), placed(k, padding, x.array), average, false);
          return activated(channels_last(y), fused);
        },
        Type::Pool2DOptions,
        model_.options(tflite::CreatePool2DOptions, padding, number(k.strides[1]),
                       number(k.strides[0]), number(k.kernel[1]), number(k.kernel[0]), fused));
  }

  void pointwise(const Value& x) {
    struct Function {
      const char* name;
      int code;
      double (*f)(double);
    };
    constexpr Function all[] = {
        {"RELU", 19, [](double v) { return std::max(v, 0.0); }},
        {"RELU6", 21, [](double v) { return std::min(std::max(v, 0.0), 6.0); }},
        {"LOGISTIC", 14, reference::sigmoid},
        {"TANH", 28, [](double v) { return std::tanh(v); }},
        {"LEAKY_RELU", 98, [](double v) { return v > 0 ? v : v / 4; }}};
    const Function& function = all[random_.below(std::size(all))];
    const bool leaky = function.code == 98;
    op(
        function.name, function.code, {x.tensor},
        [&] { return reference::mapped(x.array, function.f); },
        leaky ? Type::LeakyReluOptions : Type::NONE,
        leaky ? model_.options(tflite::CreateLeakyReluOptions, 0.25f) : 0);
  }

  void prelu(const Value& x) {
    reference::Sizes sizes(random_.below(4));
    for (std::size_t& n : sizes) n = chance(3) ? size_ : 1;
    Array slope = filled(sizes);
    if (!chance(4)) std::fill(slope.values.begin(), slope.values.end(), 0.25);
    op("PRELU", 54, {x.tensor, constant(slope)}, [&] {
      const Array y = reference::broadcast(x.array, slope,
                                           [](double a, double s) { return a > 0 ? a : s * a; });
      require(y.sizes == x.array.sizes, "PRELU");
      return y;
    });
  }

  void softmax(const Value& x) {
    const float beta = chance(8) ? 2 : 1;
    op(
        "SOFTMAX", 25, {x.tensor},
        [&] {
          const Array scaled =
              reference::mapped(x.array, [&](double v) { return v * static_cast<double>(beta); });
          return reference::softmax(scaled, scaled.rank() - 1, scaled.rank());
        },
        Type::SoftmaxOptions, model_.options(tflite::CreateSoftmaxOptions, beta));
  }

  // The target is a constant, an option, or what the file says of the output.
  void reshape(const Value& x) {
    const auto n = static_cast<std::int32_t>(size_);
    const auto batch = static_cast<std::int32_t>(x.array.sizes[0]);
    Ints target(drawn::pick(random_, 1, 5));
    for (std::int32_t& t : target) t = any({1, n, n, n * n, n * n * n, batch});
    if (!chance(3)) target[0] = batch;
    const auto meant = [&] {
      reference::Sizes sizes(target.begin(), target.end());
      std::size_t known = 1, open = 0;
      for (const std::int32_t t : target) {
        known *= t < 0 ? 1 : static_cast<std::size_t>(t);
        open += t < 0;
      }
      require(open <= 1 && x.array.values.size() % known == 0, "RESHAPE");
      for (std::size_t& s : sizes) {
        if (s > x.array.values.size()) s = x.array.values.size() / known;
      }
      return reference::reshaped(x.array, sizes);
    };
    const std::size_t way = random_.below(3);
    if (way != 2 && !chance(4)) target[random_.below(target.size())] = -1;
    if (way == 0) {
      op("RESHAPE", 22, {x.tensor, model_.integers("target", target)}, meant);
    } else if (way == 1) {
      op("RESHAPE", 22, {x.tensor}, meant, Type::ReshapeOptions, model_.reshape_options(target));
    } else {
      std::int64_t numbers = 1;
      for (const std::int32_t t : target) numbers *= t;
      if (numbers != static_cast<std::int64_t>(x.array.values.size())) target = ints(x.array.sizes);
      op("RESHAPE", 22, {x.tensor}, meant);
    }
  }

  // Which axes go is what the file says of the output.
  void squeeze(const Value& x) {
    reference::Sizes sizes;
    for (const std::size_t s : x.array.sizes) {
      if (s != 1 || chance(2)) sizes.push_back(s);
    }
    if (sizes.empty()) sizes = {1};
    op("SQUEEZE", 43, {x.tensor}, [&] { return reference::reshaped(x.array, sizes); });
  }

  void pad(const Value& x) {
    const std::size_t rank = chance(8) ? 2 : 4;
    Ints pads(2 * rank);
    reference::Sizes before, after;
    for (std::size_t k = 0; k < rank; ++k) {
      const bool spatial = rank == 4 && (k == 1 || k == 2);
      pads[2 * k] = spatial ? any({0, 0, 1, 2}) : chance(12);
      pads[2 * k + 1] = spatial ? any({0, 0, 1, 2}) : chance(12);
      if (spatial && chance(2)) pads[2 * k] = 0;
      before.push_back(static_cast<std::size_t>(pads[2 * k]));
      after.push_back(static_cast<std::size_t>(pads[2 * k + 1]));
    }
    op("PAD", 34, {x.tensor, model_.integers("pads", pads)},
       [&] { return reference::padded(x.array, before, after); });
  }

  void mean(const Value& x) {
    const Ints axes =
        chance(3) ? Ints{any({1, 2, 3, -1}), any({2, 3, 0})} : Ints{any({1, -3}), any({2, -2})};
    const bool keep = chance(2);
    op(
        "MEAN", 40, {x.tensor, model_.integers("axes", axes)},
        [&] { return reference::mean(x.array, Axes(axes.begin(), axes.end()), keep); },
        Type::ReducerOptions, model_.options(tflite::CreateReducerOptions, keep));
  }

  Generator& random_;
  TfliteModel model_;
  std::size_t size_ = 1;
  bool is_model_ = true;
  std::vector<Value> values_;
  std::vector<std::string> operators_;
};

// Numbers of an image in the order (H, W, C) to (C, H, W), or back.
template <class Values>
std::vector<double> ordered(const Values& from, Shape s, bool channels_are_first) {
  std::vector<double> to(s.elements());
  std::size_t last = 0;
  for (std::size_t p = 0; p < s.height * s.width; ++p) {
    for (std::size_t c = 0; c < s.channels; ++c, ++last) {
      const std::size_t first = c * s.height * s.width + p;
      to[channels_are_first ? first : last] = from[channels_are_first ? last : first];
    }
  }
  return to;
}

// What is imported makes the model's output, image by image.
void check_agrees(DrawnModel& drawn, const ImportedNetwork& network) {
  REQUIRE(drawn.is_model());
  const Array &x = drawn.x(), &y = drawn.y();
  const std::size_t images = x.sizes[0], in = x.values.size() / images;
  REQUIRE(y.sizes.at(0) == images);
  const std::size_t out = y.values.size() / images;
  for (std::size_t n = 0; n < images; ++n) {
    const auto image = ordered(x.values.data() + n * in, network.shape(0), true);
    const std::vector<double> made = reference::Layers(network)(image);
    REQUIRE(made.size() == out);
    const auto got = ordered(made, network.layout(network.output()), false);
    for (std::size_t i = 0; i < out; ++i) {
      const double want = y.values[n * out + i];
      if (!(std::abs(got[i] - want) <= 1e-5 * (1 + std::abs(want)))) {
        FAIL("image " << n << ", number " << i << ": " << got[i] << " instead of " << want);
      }
    }
  }
}

std::map<std::string, int> none_imported() {
  std::map<std::string, int> counts;
  for (const char* op :
       {"ADD", "AVERAGE_POOL_2D", "CONCATENATION", "CONV_2D", "DEPTHWISE_CONV_2D",
        "FULLY_CONNECTED", "LEAKY_RELU", "LOGISTIC", "MAX_POOL_2D", "MEAN", "MUL", "PAD", "PRELU",
        "RELU", "RELU6", "RESHAPE", "SOFTMAX", "SQUEEZE", "TANH"}) {
    counts[op] = 0;
  }
  return counts;
}

}  // namespace

TEST_CASE("TFLite operators over equal sizes mean what TensorFlow Lite says, or are refused") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "m.tflite";
  // Cases of either seed, in which some operators are rarely imported.
  constexpr unsigned most = 40'000;
  constexpr int enough = 20;
  std::map<std::string, int> imported;
  const auto test = [&](Generator& random, unsigned i) {
    if (i == 0) imported = none_imported();
    DrawnModel drawn(random);
    INFO(drawn.text());
    write_file(path, drawn.bytes());
    std::optional<ImportedNetwork> network;
    try {
      network.emplace(read_tflite(path));
    } catch (const Error& e) {
      CHECK_THAT(e.what(), Catch::StartsWith(path.string()));
    }
    if (!network) return;
    for (const std::string& op : drawn.operators()) ++imported[op];
    check_agrees(drawn, *network);
  };
  const auto rarer = [](const auto& a, const auto& b) { return a.second < b.second; };
  drawn::for_each_case(2000, test, [&](unsigned i) {
    const auto rarest = std::min_element(imported.begin(), imported.end(), rarer);
    INFO(rarest->first << " after " << i << " cases");
    REQUIRE((rarest->second >= enough || i < most));
    return rarest->second < enough;
  });
}
