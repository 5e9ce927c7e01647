// ONNX's files: nodes in order over named values, NCHW.
#include "import/onnx.hpp"

#include "import/onnx_folding.hpp"
#include "import/onnx_reader.hpp"

#include <etch/host/format.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

namespace etch::host {

static constexpr const char* supported_nodes =
    "Add, AveragePool, BatchNormalization, Clip, Concat of channels, Constant, Conv, "
    "ConvTranspose, Div by constants, Dropout, Elu, Erf within GELU, Flatten, Gelu, Gemm, "
    "GlobalAveragePool, HardSigmoid, HardSwish, Identity, LeakyRelu, LogSoftmax, MatMul with "
    "weights, MaxPool, Mul, Neg, Pad, PRelu, ReduceMean over height and width, Relu, Reshape, "
    "Resize, Sigmoid, Softmax, Squeeze, Sub, Tanh, Upsample";

static bool is_of_onnx(const onnx::NodeProto& node) {
  return node.domain().empty() || node.domain() == "ai.onnx";
}
static bool is_constant_node(const onnx::NodeProto& node) {
  return is_of_onnx(node) && node.op_type() == "Constant";
}

OnnxReader::OnnxReader(const std::filesystem::path& path)
    : network_(path.string()), bytes_(path), file_(path.string(), bytes_.bytes()) {}

ImportedNetwork OnnxReader::read() {
  const onnx::ValueInfoProto& in = file_.only_input();
  batch_ = file_.batch(in);
  values_[in.name()] = input_value(in);
  const auto each_node = [&](bool constants, const auto& read) {
    for (const onnx::NodeProto& node : file_.graph().node()) {
      if (is_constant_node(node) != constants) continue;
      node_ = &node;
      name_ = printable(!node.name().empty()     ? node.name()
                        : node.output_size() > 0 ? node.output(0)
                                                 : "node");
      read();
    }
  };
  each_node(true, [&] {
    check_new_outputs();
    file_.read_constant(*node_);
  });
  gelus_ = find_gelus(file_);
  each_node(false, [&] { read_node(); });
  name_ = "graph";
  const auto out = values_.find(file_.graph().output(0).name());
  if (out == values_.end())
    fail("the output ", printable(file_.graph().output(0).name()), " isn't computed");
  const int y = out->second.index;
  if (network_.layout(y) != network_.shape(y)) {
    fail("the output is a flattened image, ", shape_text(network_.layout(y)),
         ", whose numbers etch has in the order (H, W, C): end with the image");
  }
  network_.set_output(y);
  return std::move(network_);
}

void OnnxReader::check_new_outputs() const {
  for (const std::string& y : node_->output()) {
    if (file_.is_constant(y) || values_.contains(y)) {
      fail("computes ", printable(y), ", which is there already");
    }
  }
}

void OnnxReader::read_node() {
  const std::string& op = node_->op_type();
  const bool known = is_of_onnx(*node_);
  check_new_outputs();
  if (gelus_.inside.contains(node_)) return;
  if (node_->output_size() < 1 || node_->output(0).empty()) {
    fail("a ", printable(op), " has no output");
  }
  if (known && op == "Shape" && !is_constant(0)) return read_shape();
  if (known && fold_constants(file_, *node_)) return;
  if (!known) {
    fail("the operator ", printable(node_->domain()), ".", printable(op),
         " isn't supported; these are: ", supported_nodes);
  }
  const Value y = read_layer();
  values_[node_->output(0)] = y;
}

OnnxReader::Value OnnxReader::read_layer() {
  static const std::map<std::string, Value (OnnxReader::*)()> readings = {
      {"Add", &OnnxReader::read_add},
      {"AveragePool", &OnnxReader::read_avg_pool},
      {"BatchNormalization", &OnnxReader::read_batch_norm},
      {"Clip", &OnnxReader::read_clip},
      {"Concat", &OnnxReader::read_concat},
      {"Conv", &OnnxReader::read_conv},
      {"ConvTranspose", &OnnxReader::read_conv_transpose},
      {"Div", &OnnxReader::read_div},
      {"Dropout", &OnnxReader::read_dropout},
      {"Elu", &OnnxReader::read_elu},
      {"Flatten", &OnnxReader::read_flatten},
      {"Gelu", &OnnxReader::read_gelu},
      {"Gemm", &OnnxReader::read_gemm},
      {"GlobalAveragePool", &OnnxReader::read_global_pool},
      {"HardSigmoid", &OnnxReader::read_hard_sigmoid},
      {"HardSwish", &OnnxReader::activation<Hardswish>},
      {"Identity", &OnnxReader::read_identity},
      {"LeakyRelu", &OnnxReader::read_leaky_relu},
      {"LogSoftmax", &OnnxReader::read_log_softmax},
      {"MatMul", &OnnxReader::read_mat_mul},
      {"MaxPool", &OnnxReader::read_max_pool},
      {"Mul", &OnnxReader::read_mul},
      {"Neg", &OnnxReader::read_neg},
      {"Pad", &OnnxReader::read_pad},
      {"PRelu", &OnnxReader::read_prelu},
      {"ReduceMean", &OnnxReader::read_mean},
      {"Relu", &OnnxReader::activation<ReLU>},
      {"Reshape", &OnnxReader::read_reshape},
      {"Resize", &OnnxReader::read_resize},
      {"Sigmoid", &OnnxReader::activation<Sigmoid>},
      {"Softmax", &OnnxReader::read_softmax},
      {"Squeeze", &OnnxReader::read_squeeze},
      {"Sub", &OnnxReader::read_sub},
      {"Tanh", &OnnxReader::activation<Tanh>},
      {"Upsample", &OnnxReader::read_resize},
  };
  if (const auto gelu = gelus_.at.find(node_); gelu != gelus_.at.end()) {
    const Value& from = named_value(gelu->second.x);
    return {network_.activation(name_, GELU{gelu->second.approximate}, from.index),
            from.dimensions};
  }
  const auto at = readings.find(node_->op_type());
  if (at != readings.end()) return (this->*at->second)();
  fail("the operator ", printable(node_->op_type()),
       " isn't supported; these are: ", supported_nodes);
}

OnnxReader::Value OnnxReader::input_value(const onnx::ValueInfoProto& in) {
  const Sizes d = file_.image_dimensions(in);
  if (d.size() == 3) return {network_.input({d[0], d[1], d[2]}), d};
  if (d.size() == 1) return {network_.input({d[0]}), d};
  network_.fail(printable(in.name()), "has ", d.size() + 1,
                " dimensions, but a batch of vectors or images has 2 or 4");
}

// Inputs.

std::size_t OnnxReader::Value::elements() const {
  std::size_t n = 1;  // of a value of the network: at most most_elements
  for (const std::size_t d : dimensions) n *= d;
  return n;
}

const std::string& OnnxReader::input(int i) const {
  if (!has_input(i)) fail("a ", printable(node_->op_type()), " has no input ", i);
  return node_->input(i);
}

const OnnxReader::Value& OnnxReader::value(int i) const { return named_value(input(i)); }

const OnnxReader::Value& OnnxReader::named_value(const std::string& name) const {
  const auto at = values_.find(name);
  if (at != values_.end()) return at->second;
  fail("takes ", printable(name), ", which ",
       file_.is_constant(name) ? "is a constant: only weights may be" : "isn't computed before");
}

const OnnxReader::Value& OnnxReader::image() const {
  if (x().is_image()) return x();
  fail("a ", printable(node_->op_type()), " takes (N, C, H, W), but its input is ",
       dimensions_text(x()));
}

const OnnxReader::Value& OnnxReader::vector() const {
  if (x().dimensions.size() == 1) return x();
  fail("a ", printable(node_->op_type()), " is supported of (N, features), but its input is ",
       dimensions_text(x()));
}

float OnnxReader::single(int i, const char* what) const {
  const Sizes d = file_.dimensions(input(i));
  if (d.empty() || d == Sizes{1}) return file_.floats(input(i))[0];
  fail(what, " must be one number, but is ", shape_text(d));
}

std::vector<float> OnnxReader::weights(int i, const char* what, const Sizes& expected) const {
  const Sizes d = file_.dimensions(input(i));
  if (d != expected) {
    fail(what, " is of shape ", shape_text(d), ", but ", shape_text(expected), " is expected");
  }
  return file_.floats(input(i));
}

std::vector<float> OnnxReader::bias(int i, std::size_t outputs) const {
  return has_input(i) ? weights(i, "its bias", {outputs}) : std::vector<float>{};
}

std::vector<float> OnnxReader::along_channels(int i, const Value& to) const {
  const Sizes d = file_.dimensions(input(i));
  const std::size_t rank = to.rank();
  // ONNX aligns dimensions at their ends.
  bool fits = d.size() <= rank;
  for (std::size_t k = 0; fits && k < d.size(); ++k) {
    const bool channels = rank - d.size() + k == 1;
    fits = d[k] == 1 || (channels && d[k] == to.channels());
  }
  if (!fits) {
    fail("a constant of ", shape_text(d), " isn't one number a channel of ", dimensions_text(to));
  }
  return file_.floats(input(i));
}

std::size_t OnnxReader::axis(std::int64_t a) const {
  const auto rank = static_cast<std::int64_t>(x().rank());
  if (a < -rank || a >= rank) fail("has the axis ", a, ", but its input is ", dimensions_text(x()));
  return static_cast<std::size_t>(a < 0 ? a + rank : a);
}

std::vector<std::size_t> OnnxReader::axes(int i) const {
  std::vector<std::int64_t> stored =
      file_.list(*node_, "axes").value_or(std::vector<std::int64_t>{});
  if (has_input(i)) stored = file_.integers(input(i));
  std::vector<std::size_t> all;
  for (const std::int64_t a : stored) {
    all.push_back(axis(a));
    for (std::size_t k = 0; k + 1 < all.size(); ++k) {
      if (all[k] == all.back()) fail("has the axis ", a, " twice");
    }
  }
  return all;
}

OnnxReader::Value OnnxReader::as_image(int index) const {
  const Pair size = network_.padded(index);
  return {index, {network_.shape(index).channels, size.height, size.width}};
}

// Layers.

template <class Layer>
OnnxReader::Value OnnxReader::activation() {
  return activation(Layer{});
}

OnnxReader::Value OnnxReader::read_dropout() {
  if (has_input(2) && !(is_constant(2) && file_.is_false(input(2)))) {
    fail("a Dropout in training mode isn't supported: export the model in eval()");
  }
  return x();
}

OnnxReader::Value OnnxReader::read_leaky_relu() {
  return activation(LeakyReLU{file_.number(*node_, "alpha", 0.01f)});
}

OnnxReader::Value OnnxReader::read_elu() {
  return activation(ELU{file_.number(*node_, "alpha", 1)});
}

OnnxReader::Value OnnxReader::read_gelu() {
  const std::string approximate = file_.word(*node_, "approximate", "none");
  if (approximate != "none" && approximate != "tanh") {
    fail("approximate is ", printable(approximate));
  }
  return activation(GELU{approximate == "tanh" ? Approximate::tanh : Approximate::exact});
}

// min(max(alpha * x + beta, 0), 1); PyTorch's is of 1 / 6 and 1 / 2.
OnnxReader::Value OnnxReader::read_hard_sigmoid() {
  const float alpha = file_.number(*node_, "alpha", 0.2f),
              beta = file_.number(*node_, "beta", 0.5f);
  if (std::abs(alpha - 1.0f / 6) < 1e-6f && beta == 0.5f) return activation(Hardsigmoid{});
  const int line = network_.scale_and_shift(name_, x().index, {alpha}, {beta});
  return like_x(network_.activation(name_, Hardtanh{0, 1}, line));
}

OnnxReader::Value OnnxReader::read_prelu() {
  const Sizes d = file_.dimensions(input(1));
  bool fits = d.size() <= x().rank();
  for (std::size_t k = 0; fits && k < d.size(); ++k) {
    const std::size_t of = x().rank() - d.size() + k;
    fits = d[k] == 1 || (of > 0 && d[k] == x().dimensions[of - 1]);
  }
  if (!fits) fail("slopes of ", shape_text(d), " don't fit ", dimensions_text(x()));
  const std::vector<float> slopes = file_.floats(input(1));
  const bool same =
      std::all_of(slopes.begin(), slopes.end(), [&](float s) { return s == slopes.front(); });
  return like_x(network_.prelu(name_, x().index, same ? slopes : along_channels(1, x())));
}

// Until opset 12 the axis and all that follow are one; the last ones are of one number each where
// a softmax gives ones.
bool OnnxReader::softmax_is_constant() const {
  const bool one_axis = file_.opset() >= 13;
  const std::size_t a = axis(file_.integer(*node_, "axis", one_axis ? -1 : 1));
  std::size_t over = 1;
  for (std::size_t k = std::max<std::size_t>(a, 1); k < (one_axis ? a + 1 : x().rank()); ++k) {
    over *= x().dimensions[k - 1];
  }
  if (a > 0 && over == 1) return true;
  if (a != 1 || (!one_axis && over != x().channels())) {
    fail(node_->op_type(), " over axis ", a, " of ", dimensions_text(x()),
         " isn't supported: only over channels");
  }
  return false;
}
OnnxReader::Value OnnxReader::read_softmax() {
  if (!softmax_is_constant()) return activation<Softmax>();
  return like_x(network_.scale_and_shift(name_, x().index, {0}, {1}));
}
OnnxReader::Value OnnxReader::read_log_softmax() {
  if (!softmax_is_constant()) return activation<LogSoftmax>();
  return like_x(network_.scale_and_shift(name_, x().index, {0}, {0}));
}

// A limit of Clip: an attribute at first, an input since opset 11.
float OnnxReader::limit(int i, const char* name, float otherwise) const {
  if (file_.opset() < 11) return file_.number(*node_, name, otherwise);
  return has_input(i) ? single(i, name) : otherwise;
}

OnnxReader::Value OnnxReader::read_clip() {
  constexpr float most = std::numeric_limits<float>::max();
  const float low = limit(1, "min", -most), high = limit(2, "max", most);
  if (low <= -most && high >= most) return x();
  if (low == 0 && high >= most) return activation<ReLU>();
  if (low == 0 && high == 6) return activation<ReLU6>();
  return activation(Hardtanh{std::max(low, -most), std::min(high, most)});
}

OnnxReader::Value OnnxReader::read_gemm() {
  if (file_.integer(*node_, "transA", 0) != 0) fail("Gemm of a transposed input isn't supported");
  const bool outputs_first = file_.integer(*node_, "transB", 0) != 0;
  const Sizes d = file_.dimensions(input(1));
  if (d.size() != 2) fail("the weights are ", shape_text(d), ", but a matrix is expected");
  // C is broadcast to (N, outputs).
  const Value y{none, {outputs_first ? d[0] : d[1]}};
  std::vector<float> c;
  if (has_input(2)) c = along_channels(2, y);
  if (c.size() == 1) c.assign(y.channels(), c[0]);
  for (float& v : c) v *= file_.number(*node_, "beta", 1);
  return linear(outputs_first, file_.number(*node_, "alpha", 1), std::move(c));
}

OnnxReader::Value OnnxReader::read_mat_mul() {
  if (!is_constant(1)) fail("MatMul of two computed values isn't supported");
  return linear(false, 1, {});
}

// Of weights (O, I), or (I, O).
OnnxReader::Value OnnxReader::linear(bool outputs_first, float factor, std::vector<float> c) {
  const Sizes d = file_.dimensions(input(1));
  const std::size_t in = vector().channels();
  if (d.size() != 2 || d[outputs_first ? 1 : 0] != in) {
    fail("takes ", in, " features, but the weights are ", shape_text(d));
  }
  const std::size_t outputs = d[outputs_first ? 0 : 1];
  const std::vector<float> from = file_.floats(input(1));
  std::vector<float> weight(from.size());
  for (std::size_t i = 0; i < from.size(); ++i) {
    weight[outputs_first ? i : i % outputs * in + i / outputs] = factor * from[i];
  }
  return {network_.linear(name_, x().index, std::move(weight), std::move(c)), {outputs}};
}

OnnxReader::Value OnnxReader::read_batch_norm() {
  if (node_->output_size() > 1 || file_.integer(*node_, "training_mode", 0) != 0) {
    fail("a BatchNormalization in training mode isn't supported: export the model in eval()");
  }
  if (file_.integer(*node_, "spatial", 1) != 1) {
    fail("a BatchNormalization of each position isn't supported: spatial must be 1");
  }
  const Sizes channels = {x().channels()};
  return like_x(network_.batch_norm(name_, x().index, file_.number(*node_, "epsilon", 1e-5f),
                                    {{"weight", weights(1, "its scale", channels)},
                                     {"bias", weights(2, "its bias", channels)},
                                     {"running_mean", weights(3, "its running_mean", channels)},
                                     {"running_var", weights(4, "its running_var", channels)}}));
}

OnnxReader::Value OnnxReader::read_add() {
  for (const int i : {0, 1}) {
    if (!is_constant(i)) continue;
    const Value& of = value(1 - i);
    return {network_.scale_and_shift(name_, of.index, {}, along_channels(i, of)), of.dimensions};
  }
  if (x().dimensions != value(1).dimensions) {
    fail("adds ", dimensions_text(x()), " and ", dimensions_text(value(1)),
         ", but only equal shapes can be added");
  }
  return like_x(network_.add(name_, x().index, value(1).index));
}

OnnxReader::Value OnnxReader::read_sub() {
  if (is_constant(0)) {
    const Value& of = value(1);
    return {network_.scale_and_shift(name_, of.index, {-1}, along_channels(0, of)), of.dimensions};
  }
  if (is_constant(1)) {
    std::vector<float> shift = along_channels(1, x());
    for (float& v : shift) v = -v;
    return like_x(network_.scale_and_shift(name_, x().index, {}, std::move(shift)));
  }
  const Value& other = value(1);
  if (x().dimensions != other.dimensions) {
    fail("subtracts ", dimensions_text(other), " from ", dimensions_text(x()),
         ", but only equal shapes can be subtracted");
  }
  const int negative = network_.scale_and_shift(name_, other.index, {-1}, {});
  return like_x(network_.add(name_, x().index, negative));
}

OnnxReader::Value OnnxReader::read_div() {
  if (!is_constant(1)) fail("Div is supported by constants only");
  std::vector<float> scale = along_channels(1, x());
  for (float& v : scale) v = 1 / v;
  return like_x(network_.scale_and_shift(name_, x().index, std::move(scale), {}));
}

OnnxReader::Value OnnxReader::read_neg() {
  return like_x(network_.scale_and_shift(name_, x().index, {-1}, {}));
}

OnnxReader::Value OnnxReader::read_mul() {
  for (const int i : {0, 1}) {
    if (!is_constant(i)) continue;
    const Value& of = value(1 - i);
    return {network_.scale_and_shift(name_, of.index, along_channels(i, of), {}), of.dimensions};
  }
  const Value &a = x(), &b = value(1);
  const auto is_gate = [](const Value& gate, const Value& of) {
    return of.is_image() && gate.dimensions == Sizes{of.channels(), 1, 1};
  };
  if (a.dimensions != b.dimensions && !is_gate(a, b) && !is_gate(b, a)) {
    fail("multiplies ", dimensions_text(a), " and ", dimensions_text(b),
         ", but only equal shapes, or an image and one number a channel, can be multiplied");
  }
  return {network_.multiply(name_, a.index, b.index), is_gate(a, b) ? b.dimensions : a.dimensions};
}

OnnxReader::Value OnnxReader::read_concat() {
  const std::size_t along = axis(file_.integer(*node_, "axis", 1));
  if (along != 1) {
    fail("Concat along axis ", along, " of ", dimensions_text(x()),
         " isn't supported: only along channels");
  }
  std::vector<int> all;
  Sizes dimensions = x().dimensions;
  dimensions[0] = 0;
  for (int i = 0; i < node_->input_size(); ++i) {
    const Value& part = value(i);
    Sizes same = part.dimensions;
    same[0] = dimensions[0];
    if (same != dimensions) {
      fail("joins channels of ", dimensions_text(x()), " and ", dimensions_text(part),
           ", which differ in more than these");
    }
    dimensions[0] += part.channels();
    all.push_back(part.index);
  }
  return {network_.concat(name_, all), dimensions};
}

ImportedNetwork read_onnx(const std::filesystem::path& path) { return OnnxReader(path).read(); }

}  // namespace etch::host
