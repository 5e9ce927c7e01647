// ONNX nodes over sizes that could be any axis's (batch, channels, height and width are equal) mean
// what ONNX says, or are refused.
#include "drawn.hpp"
#include "host/import/onnx_model.hpp"
#include "host/import/reference.hpp"

#include <catch2/catch.hpp>

#include <optional>
#include <set>

using namespace etch;
using namespace etch::host;
using reference::Array;
using reference::Axes;
using reference::Sizes;

namespace {

using Values = std::map<std::string, Array>;

// A model of a few drawn nodes, and what each node computes by plain loops.
class DrawnModel {
 public:
  explicit DrawnModel(Generator& random) : random_(random) {
    size_ = drawn::pick(random_, 1, 4);
    // ONNX's rules have changed: Softmax, Squeeze and ReduceMean take axes in other ways.
    model_.model.mutable_opset_import(0)->set_version(any({9, 12, 13, 18}));
    input();
    const std::size_t nodes = drawn::pick(random_, 1, 4);
    for (std::size_t i = 0; i < nodes; ++i) node(i + 1 == nodes ? "y" : "v" + std::to_string(i));
  }

  const OnnxModel& model() const { return model_; }
  const std::vector<std::string>& operators() const { return operators_; }
  const Array& x() const { return x_; }

  // The output; throws reference::Invalid where the model isn't one.
  Array output() const {
    Values values{{"x", x_}};
    for (const auto& step : steps_) step(values);
    return values.at("y");
  }

 private:
  using Step = std::function<Array(const Array&)>;

  std::int64_t any(std::initializer_list<std::int64_t> of) {
    return *(of.begin() + random_.below(of.size()));
  }
  bool chance(std::size_t one_in) { return random_.below(one_in) == 0; }
  std::int64_t opset() const { return model_.model.opset_import(0).version(); }
  std::size_t one_or_size() { return chance(2) ? 1 : size_; }
  std::size_t mostly_size() { return chance(6) ? 1 : size_; }

  Array filled(const Sizes& sizes) {
    Array a(sizes);
    for (double& v : a.values) v = 2 * static_cast<double>(random_.uniform());
    return a;
  }
  std::string constant(const Array& a) {
    const std::string name = "c" + std::to_string(constants_++);
    onnx::TensorProto* t = model_.model.mutable_graph()->add_initializer();
    t->set_name(name);
    t->set_data_type(onnx::TensorProto::FLOAT);
    for (const std::size_t n : a.sizes) t->add_dims(static_cast<std::int64_t>(n));
    for (const double v : a.values) t->add_float_data(static_cast<float>(v));
    return name;
  }
  std::string integers(const Axes& values) {
    const std::string name = "i" + std::to_string(constants_++);
    onnx::TensorProto* t = model_.model.mutable_graph()->add_initializer();
    t->set_name(name);
    t->set_data_type(onnx::TensorProto::INT64);
    t->add_dims(static_cast<std::int64_t>(values.size()));
    for (const std::int64_t v : values) t->add_int64_data(v);
    return name;
  }

  // The batch is fixed at the same size or another, or open.
  void input() {
    const bool image = !chance(5);
    const std::int64_t batch = any({0, 0, 1, static_cast<std::int64_t>(size_)});
    Sizes sizes{batch == 0 ? drawn::pick(random_, 2, 3) : static_cast<std::size_t>(batch)};
    for (int i = 0; i < (image ? 3 : 1); ++i) sizes.push_back(mostly_size());
    x_ = filled(sizes);
    onnx::TypeProto_Tensor* type =
        model_.model.mutable_graph()->mutable_input(0)->mutable_type()->mutable_tensor_type();
    type->clear_shape();
    for (const std::size_t n : sizes)
      type->mutable_shape()->add_dim()->set_dim_value(static_cast<std::int64_t>(n));
    if (batch == 0) type->mutable_shape()->mutable_dim(0)->set_dim_param("N");
  }

  // Of the values so far mostly the last.
  std::string taken() {
    const std::size_t n = names_.size();
    return chance(8) ? names_[random_.below(n)] : names_.back();
  }

  onnx::NodeProto& add(const std::string& op, const std::vector<std::string>& inputs,
                       const std::string& output) {
    onnx::NodeProto* n = model_.model.mutable_graph()->add_node();
    n->set_op_type(op);
    n->set_name(output);
    for (const std::string& i : inputs) n->add_input(i);
    n->add_output(output);
    operators_.push_back(op);
    names_.push_back(output);
    return *n;
  }
  void means(const std::string& input, const std::string& output, const Step& step) {
    steps_.push_back([=](Values& values) { values[output] = step(values.at(input)); });
  }
  static void list(onnx::NodeProto& n, const char* name, const Axes& values) {
    onnx::AttributeProto* a = n.add_attribute();
    a->set_name(name);
    a->set_type(onnx::AttributeProto::INTS);
    for (const std::int64_t v : values) a->add_ints(v);
  }

  void node(const std::string& y) {
    using Draw = void (DrawnModel::*)(const std::string&, const std::string&);
    static const std::vector<Draw> all = {&DrawnModel::constant_operand,
                                          &DrawnModel::constant_operand,
                                          &DrawnModel::constant_operand,
                                          &DrawnModel::sum,
                                          &DrawnModel::product,
                                          &DrawnModel::concat,
                                          &DrawnModel::reshape,
                                          &DrawnModel::reshape,
                                          &DrawnModel::flatten,
                                          &DrawnModel::squeeze,
                                          &DrawnModel::softmax,
                                          &DrawnModel::mean,
                                          &DrawnModel::global_pool,
                                          &DrawnModel::pad,
                                          &DrawnModel::pad,
                                          &DrawnModel::pool,
                                          &DrawnModel::pool,
                                          &DrawnModel::conv,
                                          &DrawnModel::conv_transpose,
                                          &DrawnModel::conv,
                                          &DrawnModel::gemm,
                                          &DrawnModel::mat_mul,
                                          &DrawnModel::norm,
                                          &DrawnModel::pointwise,
                                          &DrawnModel::pointwise,
                                          &DrawnModel::clip,
                                          &DrawnModel::hard_sigmoid,
                                          &DrawnModel::prelu,
                                          &DrawnModel::prelu};
    (this->*all[random_.below(all.size())])(taken(), y);
  }

  void constant_operand(const std::string& x, const std::string& y) {
    Sizes sizes(random_.below(6));
    const std::size_t only = random_.below(sizes.size() + 1);  // often along one axis
    for (std::size_t k = 0; k < sizes.size(); ++k)
      sizes[k] = only == k ? size_ : chance(5) ? size_ : 1;
    // Of sizes that can be divided by.
    const Array c =
        reference::mapped(filled(sizes), [](double v) { return v < 0 ? v - 0.25 : v + 0.25; });
    const char* op = std::vector{"Add", "Mul", "Sub", "Div"}[random_.below(4)];
    const bool first = chance(2);
    const std::string name = constant(c);
    add(op, first ? std::vector{name, x} : std::vector{x, name}, y);
    means(x, y, [=](const Array& v) { return combined(op, first ? c : v, first ? v : c); });
  }
  static Array combined(const std::string& op, const Array& a, const Array& b) {
    if (op == "Add") return reference::broadcast(a, b, std::plus<>());
    if (op == "Mul") return reference::broadcast(a, b, std::multiplies<>());
    return op == "Sub" ? reference::broadcast(a, b, std::minus<>())
                       : reference::broadcast(a, b, std::divides<>());
  }

  void sum(const std::string& x, const std::string& y) {
    const std::string other = names_[random_.below(names_.size())];
    const std::string op = chance(2) ? "Add" : "Sub";
    add(op, {x, other}, y);
    steps_.push_back([=](Values& v) { v[y] = combined(op, v.at(x), v.at(other)); });
  }

  void product(const std::string& x, const std::string& y) {
    const std::string other = names_[random_.below(names_.size())];
    add("Mul", {x, other}, y);
    steps_.push_back(
        [=](Values& v) { v[y] = reference::broadcast(v.at(x), v.at(other), std::multiplies<>()); });
  }

  void concat(const std::string& x, const std::string& y) {
    const std::string other = names_[random_.below(names_.size())];
    const std::int64_t axis = any({1, 1, 1, 2, -1, -3});
    OnnxModel::integer(add("Concat", {x, other}, y), "axis", axis);
    steps_.push_back(
        [=](Values& v) { v[y] = reference::concatenated(v.at(x), v.at(other), axis); });
  }

  void reshape(const std::string& x, const std::string& y) {
    const auto n = static_cast<std::int64_t>(size_), batch = static_cast<std::int64_t>(x_.sizes[0]);
    Axes target(drawn::pick(random_, 1, 5));
    for (std::int64_t& t : target) t = any({1, n, n, 0, n * n, n * n * n, batch});
    if (!chance(3)) target[0] = any({0, batch, -1});
    if (!chance(4)) target[random_.below(target.size())] = -1;
    add("Reshape", {x, integers(target)}, y);
    means(x, y, [=](const Array& v) {
      Sizes sizes;
      std::size_t known = 1, open = 0;
      for (std::size_t k = 0; k < target.size(); ++k) {
        reference::require(target[k] != 0 || k < v.rank(), "Reshape");
        sizes.push_back(target[k] == 0    ? v.sizes[k]
                        : target[k] == -1 ? 1
                                          : static_cast<std::size_t>(target[k]));
        known *= sizes.back();
        open += target[k] == -1;
      }
      reference::require(open <= 1 && v.values.size() % known == 0, "Reshape");
      for (std::size_t k = 0; k < target.size(); ++k) {
        if (target[k] == -1) sizes[k] = v.values.size() / known;
      }
      return reference::reshaped(v, sizes);
    });
  }

  void flatten(const std::string& x, const std::string& y) {
    const std::int64_t axis = any({0, 1, 1, 1, 2, 3, -1, -3});
    OnnxModel::integer(add("Flatten", {x}, y), "axis", axis);
    means(x, y, [=](const Array& v) {
      const auto rank = static_cast<std::int64_t>(v.rank());
      reference::require(axis >= -rank && axis <= rank, "Flatten");
      const auto a = v.sizes.begin() + (axis < 0 ? axis + rank : axis);
      return reference::reshaped(
          v, {reference::product({v.sizes.begin(), a}), reference::product({a, v.sizes.end()})});
    });
  }

  // Axes as an attribute, or as an input since some version.
  onnx::NodeProto& over_axes(const char* op, std::int64_t since, const std::string& x,
                             const std::string& y, const Axes& axes) {
    const bool input = opset() >= since;
    onnx::NodeProto& n =
        add(op, input && !axes.empty() ? std::vector{x, integers(axes)} : std::vector{x}, y);
    if (!input && !axes.empty()) list(n, "axes", axes);
    return n;
  }

  void squeeze(const std::string& x, const std::string& y) {
    Axes axes(random_.below(3));
    for (std::int64_t& a : axes) a = any({0, 1, 2, 3, 2, 3, -1, -2});
    over_axes("Squeeze", 13, x, y, axes);
    means(x, y, [=](const Array& v) {
      std::set<std::size_t> removed;
      for (const std::int64_t a : axes)
        reference::require(removed.insert(v.axis(a)).second, "Squeeze");
      Sizes sizes;
      for (std::size_t k = 0; k < v.rank(); ++k) {
        const bool taken = axes.empty() ? v.sizes[k] == 1 : removed.contains(k);
        reference::require(!taken || v.sizes[k] == 1, "Squeeze");
        if (!taken) sizes.push_back(v.sizes[k]);
      }
      return reference::reshaped(v, sizes);
    });
  }

  void softmax(const std::string& x, const std::string& y) {
    const std::int64_t axis = any({1, 1, 2, 3, -1, -2, -3});
    const bool log = chance(3);
    OnnxModel::integer(add(log ? "LogSoftmax" : "Softmax", {x}, y), "axis", axis);
    const bool one = opset() >= 13;
    means(x, y, [=](const Array& v) {
      const std::size_t a = v.axis(axis);
      const Array shares = reference::softmax(v, a, one ? a + 1 : v.rank());
      return log ? reference::mapped(shares, [](double share) { return std::log(share); }) : shares;
    });
  }

  void mean(const std::string& x, const std::string& y) {
    const Axes axes =
        chance(3) ? Axes{any({1, 2, 3, -1}), any({2, 3, 0})} : Axes{any({2, -2}), any({3, -1})};
    const bool keep = chance(2);
    OnnxModel::integer(over_axes("ReduceMean", 18, x, y, axes), "keepdims", keep);
    means(x, y, [=](const Array& v) { return reference::mean(v, axes, keep); });
  }

  void global_pool(const std::string& x, const std::string& y) {
    add("GlobalAveragePool", {x}, y);
    means(x, y, [](const Array& v) {
      reference::require(v.rank() == 4, "GlobalAveragePool");
      return reference::mean(v, {2, 3}, true);
    });
  }

  void pad(const std::string& x, const std::string& y) {
    Axes pads(chance(8) ? 4 : 8);
    const std::size_t rank = pads.size() / 2;
    for (std::size_t k = 0; k < pads.size(); ++k)
      pads[k] = k % rank >= 2 ? any({0, 0, 1, 2}) : chance(12);
    if (chance(2)) std::fill(pads.begin(), pads.begin() + static_cast<std::ptrdiff_t>(rank), 0);
    const bool input = opset() >= 11;
    onnx::NodeProto& n = add("Pad", input ? std::vector{x, integers(pads)} : std::vector{x}, y);
    if (!input) list(n, "pads", pads);
    const auto middle = pads.begin() + static_cast<std::ptrdiff_t>(rank);
    means(x, y,
          [=, before = Sizes(pads.begin(), middle), after = Sizes(middle, pads.end())](
              const Array& v) { return reference::padded(v, before, after); });
  }

  reference::Windows windows(onnx::NodeProto& n, bool dilates) {
    reference::Windows k;
    k.kernel = {drawn::pick(random_, 1, size_ + 1), drawn::pick(random_, 1, size_ + 1)};
    k.strides = {drawn::pick(random_, 1, 3), drawn::pick(random_, 1, 3)};
    if (chance(3)) {
      for (std::size_t& p : k.pads) p = random_.below(3);
    }
    if (dilates && chance(5)) k.dilations = {2, drawn::pick(random_, 1, 2)};
    list(n, "kernel_shape", {k.kernel.begin(), k.kernel.end()});
    list(n, "strides", {k.strides.begin(), k.strides.end()});
    list(n, "pads", {k.pads.begin(), k.pads.end()});
    if (dilates) list(n, "dilations", {k.dilations.begin(), k.dilations.end()});
    return k;
  }

  void pool(const std::string& x, const std::string& y) {
    const bool average = !chance(3), counted = chance(2);
    onnx::NodeProto& n = add(average ? "AveragePool" : "MaxPool", {x}, y);
    reference::Windows k = windows(n, !average);
    k.ceil = opset() >= 10 && chance(3);
    if (k.ceil) OnnxModel::integer(n, "ceil_mode", 1);
    if (average && counted) OnnxModel::integer(n, "count_include_pad", 1);
    means(x, y, [=](const Array& v) { return reference::pool(v, k, average, counted); });
  }

  void conv(const std::string& x, const std::string& y) {
    const std::size_t groups = chance(3) ? size_ : 1;
    onnx::NodeProto& n = add("Conv", {x}, y);
    const reference::Windows k = windows(n, true);
    const Array w = filled({size_, chance(4) ? 1 : size_ / groups, k.kernel[0], k.kernel[1]}),
                b = filled({size_});
    const bool with_bias = chance(2);
    *n.add_input() = constant(w);
    if (with_bias) *n.add_input() = constant(b);
    OnnxModel::integer(n, "group", static_cast<std::int64_t>(groups));
    means(x, y, [=](const Array& v) {
      return reference::conv(v, w, with_bias ? &b : nullptr, groups, k);
    });
  }

  void conv_transpose(const std::string& x, const std::string& y) {
    const std::size_t groups = chance(3) ? size_ : 1;
    onnx::NodeProto& n = add("ConvTranspose", {x}, y);
    const reference::Windows k = windows(n, true);
    const Sizes more{random_.below(k.strides[0]), random_.below(k.strides[1])};
    if (!chance(3)) list(n, "output_padding", {more.begin(), more.end()});
    const bool padded = n.attribute(n.attribute_size() - 1).name() == "output_padding";
    const Array w = filled(
                    {size_, chance(3) ? std::size_t{1} : std::size_t{2}, k.kernel[0], k.kernel[1]}),
                b = filled({w.sizes[1] * groups});
    const bool with_bias = chance(2);
    *n.add_input() = constant(w);
    if (with_bias) *n.add_input() = constant(b);
    OnnxModel::integer(n, "group", static_cast<std::int64_t>(groups));
    means(x, y, [=](const Array& v) {
      return reference::conv_transpose(v, w, with_bias ? &b : nullptr, groups, k,
                                       padded ? more : Sizes{0, 0});
    });
  }

  void gemm(const std::string& x, const std::string& y) {
    const Array w = filled({size_, chance(3) ? size_ * size_ * size_ : size_});
    const bool transposed = w.sizes[1] != size_ || chance(2);
    Sizes sizes(random_.below(3));
    for (std::size_t& n : sizes) n = one_or_size();
    const Array c = filled(sizes);
    onnx::NodeProto& n = add("Gemm", {x, constant(w), constant(c)}, y);
    OnnxModel::integer(n, "transB", transposed);
    means(x, y, [=](const Array& v) {
      reference::require(v.rank() == 2, "Gemm");
      const Array made =
          reference::product_with(v, transposed ? reference::transposed(w, {1, 0}) : w);
      const Array all = reference::broadcast(made, c, std::plus<>());
      reference::require(all.sizes == made.sizes, "Gemm");
      return all;
    });
  }

  void mat_mul(const std::string& x, const std::string& y) {
    const Array w = filled({size_, size_});
    add("MatMul", {x, constant(w)}, y);
    means(x, y, [=](const Array& v) { return reference::product_with(v, w); });
  }

  void norm(const std::string& x, const std::string& y) {
    std::vector<std::vector<float>> tensors;
    std::vector<std::string> inputs{x};
    for (int i = 0; i < 4; ++i) {
      Array t = filled({size_});
      if (i == 3) t = reference::mapped(t, [](double v) { return std::abs(v) + 0.5; });
      inputs.push_back(constant(t));
      tensors.emplace_back(t.values.begin(), t.values.end());
    }
    add("BatchNormalization", inputs, y);
    means(x, y, [=](const Array& v) {
      reference::require(v.rank() >= 2 && v.sizes[1] == tensors[0].size(), "BatchNormalization");
      return reference::batch_norm(v, 1e-5f, tensors);
    });
  }

  void pointwise(const std::string& x, const std::string& y) {
    static const std::vector<std::pair<const char*, double (*)(double)>> all = {
        {"Relu", [](double v) { return std::max(v, 0.0); }},
        {"Sigmoid", reference::sigmoid},
        {"Tanh", [](double v) { return std::tanh(v); }},
        {"Identity", [](double v) { return v; }},
        {"Neg", [](double v) { return -v; }},
        {"HardSwish", [](double v) { return v * reference::hardsigmoid(v); }},
        {"Elu", [](double v) { return reference::elu(v, 1); }},
        {"Gelu", reference::gelu}};
    const auto& [op, f] = all[random_.below(all.size())];
    add(op, {x}, y);
    means(x, y, [f = f](const Array& v) { return reference::mapped(v, f); });
  }

  void clip(const std::string& x, const std::string& y) {
    const bool inputs = opset() >= 11;
    const double low = chance(2) ? 0 : -0.75, high = chance(3) ? 6 : 0.5;
    const bool has_low = !chance(4), has_high = !chance(4);
    const auto limit = [&](bool has, double value) {
      Array a{Sizes{}};
      a.values[0] = value;
      return has ? constant(a) : std::string();
    };
    onnx::NodeProto& n = add(
        "Clip",
        inputs ? std::vector{x, limit(has_low, low), limit(has_high, high)} : std::vector{x}, y);
    if (!inputs && has_low) number(n, "min", static_cast<float>(low));
    if (!inputs && has_high) number(n, "max", static_cast<float>(high));
    means(x, y, [=](const Array& v) {
      return reference::mapped(v, [=](double a) {
        if (has_low) a = std::max(a, low);
        return has_high ? std::min(a, high) : a;
      });
    });
  }

  // PyTorch's, and ONNX's own.
  void hard_sigmoid(const std::string& x, const std::string& y) {
    const bool torch = chance(2);
    onnx::NodeProto& n = add("HardSigmoid", {x}, y);
    if (torch) number(n, "alpha", 1.0f / 6);
    means(x, y, [=](const Array& v) {
      return reference::mapped(v, [=](double a) {
        return std::min(std::max(a * (torch ? 1.0 / 6 : 0.2) + 0.5, 0.0), 1.0);
      });
    });
  }
  static void number(onnx::NodeProto& n, const char* name, float value) {
    onnx::AttributeProto* a = n.add_attribute();
    a->set_name(name);
    a->set_type(onnx::AttributeProto::FLOAT);
    a->set_f(value);
  }

  void prelu(const std::string& x, const std::string& y) {
    Sizes sizes(random_.below(4));
    for (std::size_t& n : sizes) n = chance(3) ? size_ : 1;
    Array slope = filled(sizes);
    if (chance(2)) std::fill(slope.values.begin(), slope.values.end(), 0.25);
    add("PRelu", {x, constant(slope)}, y);
    means(x, y, [=](const Array& v) {
      const Array z =
          reference::broadcast(v, slope, [](double a, double s) { return a > 0 ? a : s * a; });
      reference::require(z.sizes == v.sizes, "PRelu");
      return z;
    });
  }

  Generator& random_;
  OnnxModel model_;
  std::size_t size_ = 1, constants_ = 0;
  Array x_;
  std::vector<std::string> names_{"x"}, operators_;
  std::vector<std::function<void(Values&)>> steps_;
};

// What is imported agrees with the model's output, image by image.
void check_agrees(const DrawnModel& drawn, const ImportedNetwork& network) {
  const Array y = drawn.output();  // an import of what isn't a model fails here
  const std::size_t images = drawn.x().sizes[0], in = drawn.x().values.size() / images;
  REQUIRE(y.rank() > 0);
  REQUIRE(y.sizes[0] == images);
  const std::size_t out = y.values.size() / images;
  for (std::size_t n = 0; n < images; ++n) {
    const auto from = drawn.x().values.begin() + static_cast<std::ptrdiff_t>(n * in);
    const std::vector<double> got =
        reference::Layers(network)({from, from + static_cast<std::ptrdiff_t>(in)});
    REQUIRE(got.size() == out);
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
  for (const char* op : {"Add",           "AveragePool", "BatchNormalization",
                         "Clip",          "Concat",      "Conv",
                         "ConvTranspose", "Div",         "Neg",
                         "Sub",           "Elu",         "Flatten",
                         "Gelu",          "Gemm",        "GlobalAveragePool",
                         "HardSigmoid",   "HardSwish",   "Identity",
                         "LogSoftmax",    "MatMul",      "MaxPool",
                         "Mul",           "PRelu",       "Pad",
                         "ReduceMean",    "Relu",        "Reshape",
                         "Sigmoid",       "Softmax",     "Squeeze",
                         "Tanh"}) {
    counts[op] = 0;
  }
  return counts;
}

constexpr auto rarer = [](const auto& a, const auto& b) { return a.second < b.second; };

}  // namespace

TEST_CASE("ONNX nodes over equal sizes mean what ONNX says, or are refused") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "m.onnx";
  // Cases of either seed, in which some operators are rarely imported.
  constexpr unsigned most = 40'000;
  constexpr int enough = 20;
  std::map<std::string, int> imported;
  const auto test = [&](Generator& random, unsigned i) {
    if (i == 0) imported = none_imported();
    const DrawnModel drawn(random);
    INFO(drawn.model().model.ShortDebugString());
    write_file(path, drawn.model().bytes());
    std::optional<ImportedNetwork> network;
    try {
      network.emplace(read_onnx(path));
    } catch (const Error& e) {
      CHECK_THAT(e.what(), Catch::StartsWith(path.string()));
    }
    if (!network) return;
    for (const std::string& op : drawn.operators()) ++imported[op];
    check_agrees(drawn, *network);
  };
  drawn::for_each_case(4000, test, [&](unsigned i) {
    const auto rarest = std::min_element(imported.begin(), imported.end(), rarer);
    INFO(rarest->first << " after " << i << " cases");
    REQUIRE((rarest->second >= enough || i < most));
    return rarest->second < enough;
  });
}

// (1, 3, 8, 6) to (1, 144, 1) is flattening, in the order of PyTorch; once it was taken for
// nothing.
TEST_CASE("An image is no column of all its numbers") {
  OnnxModel m;
  m.integers("column", {0, -1, 1});
  m.node("Reshape", {"x", "column"}, "v");
  OnnxModel::integer(m.node("Softmax", {"v"}, "y"), "axis", 1);
  CHECK_THROWS_WITH(m.read(), Catch::Contains("Reshape of (N, 3, 8, 6) to (N, 144, 1) isn't "
                                              "supported: only flattening is"));
}
