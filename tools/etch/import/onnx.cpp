// ONNX's files: nodes in order over named values, NCHW.
#include "import/onnx.hpp"

#include "file.hpp"
#include "format.hpp"
#include "import/onnx_folding.hpp"

#include <limits>
#include <map>

namespace etch::host {

namespace {

constexpr const char* supported_nodes =
    "Add, AveragePool, BatchNormalization, Clip to 0 and 6, Constant, Conv, Dropout, Flatten, "
    "Gemm, GlobalAveragePool, Identity, LeakyRelu, MatMul with weights, MaxPool, Mul and Add with "
    "a number a channel, Pad, PRelu with one slope, ReduceMean over height and width, Relu, "
    "Reshape, Sigmoid, Softmax, Squeeze, Tanh";

class OnnxReader {
 public:
  explicit OnnxReader(const std::filesystem::path& path)
      : network_(path.string()), bytes_(path), file_(path.string(), bytes_.bytes()) {}

  ImportedNetwork read() {
    const onnx::ValueInfoProto& in = file_.only_input();
    values_[in.name()] = network_.input(input_shape(in));
    for (const onnx::NodeProto& node : file_.graph().node()) {
      node_ = &node;
      name_ = !node.name().empty() ? node.name() : node.output_size() > 0 ? node.output(0) : "node";
      read_node();
    }
    network_.set_output(value(file_.graph().output(0).name()));
    return std::move(network_);
  }

 private:
  using Reading = int (OnnxReader::*)();

  template <class... Parts>
  [[noreturn]] void fail(const Parts&... parts) const {
    network_.fail(name_, parts...);
  }

  void read_node() {
    static const std::map<std::string, Reading> readings = {
        {"Add", &OnnxReader::read_add},
        {"AveragePool", &OnnxReader::read_avg_pool},
        {"BatchNormalization", &OnnxReader::read_batch_norm},
        {"Clip", &OnnxReader::read_clip},
        {"Conv", &OnnxReader::read_conv},
        {"Dropout", &OnnxReader::x},
        {"Flatten", &OnnxReader::read_flatten},
        {"Gemm", &OnnxReader::read_gemm},
        {"GlobalAveragePool", &OnnxReader::read_global_pool},
        {"Identity", &OnnxReader::x},
        {"LeakyRelu", &OnnxReader::read_leaky_relu},
        {"MatMul", &OnnxReader::read_mat_mul},
        {"MaxPool", &OnnxReader::read_max_pool},
        {"Mul", &OnnxReader::read_mul},
        {"Pad", &OnnxReader::read_pad},
        {"PRelu", &OnnxReader::read_prelu},
        {"ReduceMean", &OnnxReader::read_mean},
        {"Relu", &OnnxReader::activation<LayerKind::relu>},
        {"Reshape", &OnnxReader::read_reshape},
        {"Sigmoid", &OnnxReader::activation<LayerKind::sigmoid>},
        {"Softmax", &OnnxReader::read_softmax},
        {"Squeeze", &OnnxReader::read_squeeze},
        {"Tanh", &OnnxReader::activation<LayerKind::tanh>},
    };
    const std::string& op = node_->op_type();
    const bool known = node_->domain().empty() || node_->domain() == "ai.onnx";
    if (known && op == "Constant") return file_.read_constant(*node_);
    if (node_->output_size() < 1) fail("a ", op, " has no output");
    if (known && op == "Shape" && !file_.is_constant(input(0))) return read_shape();
    if (known && fold_constants(file_, *node_)) return;
    const auto at = readings.find(op);
    if (!known || at == readings.end()) {
      fail("the operator ", node_->domain().empty() ? "" : node_->domain() + ".", op,
           " isn't supported; these are: ", supported_nodes);
    }
    values_[node_->output(0)] = (this->*at->second)();
  }

  // Inputs.

  bool has_input(int i) const { return i < node_->input_size() && !node_->input(i).empty(); }
  const std::string& input(int i) const {
    if (!has_input(i)) fail("a ", node_->op_type(), " has no input ", i);
    return node_->input(i);
  }
  int value(const std::string& name) const {
    const auto at = values_.find(name);
    if (at != values_.end()) return at->second;
    fail("takes ", name, ", which ",
         file_.is_constant(name) ? "is a constant: only weights may be" : "isn't computed before");
  }
  int x() { return value(input(0)); }
  Shape shape() { return network_.shape(x()); }

  Shape input_shape(const onnx::ValueInfoProto& in) const {
    const std::vector<std::size_t> d = file_.image_dimensions(in);
    if (d.size() == 3) return {d[0], d[1], d[2]};
    if (d.size() == 1) return {d[0]};
    network_.fail(in.name(), "has ", d.size() + 1,
                  " dimensions, but a batch of vectors or images has 2 or 4");
  }

  // Layers.

  template <LayerKind kind>
  int activation() {
    return network_.activation(name_, kind, x());
  }
  int read_leaky_relu() {
    return network_.activation(name_, LayerKind::leaky_relu, x(),
                               file_.number(*node_, "alpha", 0.01f));
  }
  int read_prelu() { return network_.prelu(name_, x(), file_.floats(input(1))); }

  int read_softmax() {
    const bool image = shape().height * shape().width > 1;
    const std::int64_t axis = file_.integer(*node_, "axis", file_.opset() < 13 ? 1 : -1);
    const bool channels = axis == 1 || (image ? axis == -3 : axis == -1);
    if (!channels || (image && file_.opset() < 13)) {
      fail("Softmax over axis ", axis, " isn't supported: only over channels");
    }
    return network_.activation(name_, LayerKind::softmax, x());
  }

  // A limit of Clip: an attribute at first, an input since opset 11.
  float limit(int i, const char* name, float otherwise) const {
    if (file_.opset() < 11) return file_.number(*node_, name, otherwise);
    if (!has_input(i)) return otherwise;
    const std::vector<float> v = file_.floats(input(i));
    if (v.size() != 1) fail("Clip's ", name, " must be one number");
    return v[0];
  }
  int read_clip() {
    constexpr float most = std::numeric_limits<float>::max();
    const float low = limit(1, "min", -most), high = limit(2, "max", most);
    if (low != 0 || (high != 6 && high < most)) {
      fail("Clip to ", low, " and ", high, " isn't supported: only to 0 and 6");
    }
    return high == 6 ? network_.clip_to_6(name_, x(), file_.uses(input(0)) == 1)
                     : network_.activation(name_, LayerKind::relu, x());
  }

  int read_conv() {
    const std::vector<std::size_t> d = file_.dimensions(input(1));
    if (d.size() != 4) fail("a Conv over ", d.size() - 2, " dimensions isn't supported: only 2");
    const std::size_t groups = size_of("group", file_.integer(*node_, "group", 1));
    if (d[1] == 0 || groups > shape().channels || d[1] * groups != shape().channels) {
      fail("takes ", shape().channels, " channels, but the weights are ", shape_text(d), " in ",
           groups, " groups");
    }
    check_kernel({d[2], d[3]});
    const Window w = window({d[2], d[3]}, false);
    return network_.conv2d(name_, x(), w, groups, file_.floats(input(1)), bias(2));
  }
  std::vector<float> bias(int i) const {
    return has_input(i) ? file_.floats(input(i)) : std::vector<float>{};
  }

  int read_gemm() {
    if (file_.integer(*node_, "transA", 0) != 0) fail("Gemm of a transposed input");
    const bool transposed = file_.integer(*node_, "transB", 0) != 0;
    std::vector<float> weight = linear_weight(transposed);
    std::vector<float> c = bias(2);
    const std::size_t outputs = weight.size() / shape().elements();
    if (c.size() == 1) c.assign(outputs, c[0]);
    for (float& v : weight) v *= file_.number(*node_, "alpha", 1);
    for (float& v : c) v *= file_.number(*node_, "beta", 1);
    return network_.linear(name_, x(), std::move(weight), std::move(c));
  }
  int read_mat_mul() {
    if (!file_.is_constant(input(1))) fail("MatMul of two computed values isn't supported");
    return network_.linear(name_, x(), linear_weight(false), {});
  }
  // (O, I), of weights that are so or (I, O).
  std::vector<float> linear_weight(bool outputs_first) {
    const std::vector<std::size_t> d = file_.dimensions(input(1));
    const std::size_t in = shape().elements();
    if (d.size() != 2 || d[outputs_first ? 1 : 0] != in) {
      fail("takes ", in, " features, but the weights are ", shape_text(d));
    }
    const std::vector<float> from = file_.floats(input(1));
    if (outputs_first) return from;
    std::vector<float> to(from.size());
    for (std::size_t i = 0; i < from.size(); ++i) to[i % d[1] * in + i / d[1]] = from[i];
    return to;
  }

  int read_batch_norm() {
    if (node_->output_size() > 1 || file_.integer(*node_, "training_mode", 0) != 0) {
      fail("a BatchNormalization in training mode isn't supported: export the model in eval()");
    }
    return network_.batch_norm(name_, x(), file_.number(*node_, "epsilon", 1e-5f),
                               {{"weight", file_.floats(input(1))},
                                {"bias", file_.floats(input(2))},
                                {"running_mean", file_.floats(input(3))},
                                {"running_var", file_.floats(input(4))}});
  }

  int read_add() {
    for (const int i : {0, 1}) {
      if (!file_.is_constant(input(i))) continue;
      const std::string& other = input(1 - i);
      std::vector<float> shift = of_channels(input(i), value(other));
      if (file_.uses(other) == 1 && network_.takes_bias(value(other))) {
        return network_.set_bias(value(other), std::move(shift));
      }
      return network_.scale_and_shift(name_, value(other), {}, std::move(shift));
    }
    return network_.add(name_, x(), value(input(1)));
  }
  int read_mul() {
    for (const int i : {0, 1}) {
      if (!file_.is_constant(input(i))) continue;
      const int of = value(input(1 - i));
      return network_.scale_and_shift(name_, of, of_channels(input(i), of), {});
    }
    fail("Mul of two computed values isn't supported");
  }
  // A constant that is broadcast over all but the channels.
  std::vector<float> of_channels(const std::string& constant, int of) const {
    const Shape s = network_.shape(of);
    std::vector<std::size_t> d = file_.dimensions(constant);
    const bool image = s.height * s.width > 1;
    while (image && d.size() > 1 && d.back() == 1) d.pop_back();
    std::size_t sizes = 0;
    for (const std::size_t n : d) sizes += n != 1;
    std::vector<float> v = file_.floats(constant);
    if (v.size() == 1) v.assign(s.channels, v[0]);
    if (v.size() != s.channels || sizes > 1 || (image && sizes == 1 && d.back() == 1)) {
      fail("a constant of ", shape_text(file_.dimensions(constant)), " isn't one number a channel");
    }
    return v;
  }

  // Windows.

  std::size_t size_of(const char* what, std::int64_t n) const {
    if (n < 0 || n > 1 << 20) fail(what, " is ", n);
    return static_cast<std::size_t>(n);
  }
  void check_kernel(Pair kernel) const {
    if (kernel.height == 0 || kernel.width == 0) fail("has a kernel without a size");
  }
  Pair pair_of(const char* name, Pair otherwise) const {
    const auto l = file_.list(*node_, name);
    if (!l) return otherwise;
    if (l->size() != 2) fail(name, " has ", l->size(), " numbers, but 2 are expected");
    return {size_of(name, (*l)[0]), size_of(name, (*l)[1])};
  }

  Window window(Pair kernel, bool ceil) {
    const Pair stride = pair_of("strides", 1), dilation = pair_of("dilations", 1);
    if (stride.height == 0 || stride.width == 0) fail("has a stride of 0");
    Padding p = padding(kernel, stride, dilation);
    if (ceil) {
      const Pair size = network_.padded(x());
      p.bottom +=
          to_ceil(size.height, p.top, p.bottom, kernel.height, stride.height, dilation.height);
      p.right += to_ceil(size.width, p.left, p.right, kernel.width, stride.width, dilation.width);
    }
    return network_.window(name_, x(), kernel, stride, dilation, p);
  }

  Padding padding(Pair kernel, Pair stride, Pair dilation) {
    const std::string automatic = file_.word(*node_, "auto_pad", "NOTSET");
    Padding p;
    if (automatic == "NOTSET" || automatic.empty()) {
      const auto l = file_.list(*node_, "pads");
      if (!l) return p;
      if (l->size() != 4) fail("pads has ", l->size(), " numbers, but 4 are expected");
      const auto at = [&](std::size_t i) { return size_of("pads", (*l)[i]); };
      return {at(0), at(1), at(2), at(3)};
    }
    if (automatic == "VALID") return p;
    if (automatic != "SAME_UPPER" && automatic != "SAME_LOWER") fail("auto_pad is ", automatic);
    p = same_padding(network_.padded(x()), kernel, stride, dilation);
    if (automatic == "SAME_LOWER") std::swap(p.top, p.bottom), std::swap(p.left, p.right);
    return p;
  }
  // What a pool with ceil_mode sees beyond its padding: one more position where it begins inside.
  static std::size_t to_ceil(std::size_t length, std::size_t before, std::size_t after,
                             std::size_t kernel, std::size_t stride, std::size_t dilation) {
    const std::size_t span = reach(kernel, dilation), padded = length + before + after;
    if (padded < span || (padded - span) % stride == 0) return 0;
    const std::size_t start = ((padded - span) / stride + 1) * stride;
    return start >= length + before ? 0 : start + span - padded;
  }

  Pair pool_kernel() {
    const Pair kernel = pair_of("kernel_shape", 0);
    check_kernel(kernel);
    return kernel;
  }
  int read_max_pool() {
    if (node_->output_size() > 1) fail("MaxPool's indices aren't supported");
    const Window w = window(pool_kernel(), file_.integer(*node_, "ceil_mode", 0) != 0);
    return network_.max_pool(name_, x(), w);
  }
  int read_avg_pool() {
    const bool ceil = file_.integer(*node_, "ceil_mode", 0) != 0;
    const bool counted = file_.integer(*node_, "count_include_pad", 0) != 0;
    const Window w = window(pool_kernel(), ceil);
    if (ceil && counted && !(w == window(pool_kernel(), false))) {
      fail("AveragePool with ceil_mode and count_include_pad isn't supported");
    }
    return network_.avg_pool(name_, x(), w, counted);
  }
  int read_global_pool() {
    const Shape s = shape();
    return network_.avg_pool(name_, x(), {.kernel_size = {s.height, s.width}}, false);
  }
  int read_mean() {
    const auto list = file_.list(*node_, "axes");
    std::vector<std::int64_t> axes = list ? *list : std::vector<std::int64_t>{};
    if (has_input(1)) axes = file_.integers(input(1));
    for (std::int64_t& a : axes) a += a < 0 ? 4 : 0;
    const bool spatial =
        axes.size() == 2 && ((axes[0] == 2 && axes[1] == 3) || (axes[0] == 3 && axes[1] == 2));
    if (!spatial) fail("ReduceMean is supported over height and width only");
    return read_global_pool();
  }

  int read_pad() {
    if (file_.word(*node_, "mode", "constant") != "constant")
      fail("Pad is supported with zeros only");
    const auto list = file_.list(*node_, "pads");
    const std::vector<std::int64_t> p = list ? *list : file_.integers(input(1));
    const float zero =
        has_input(2) ? file_.floats(input(2)).at(0) : file_.number(*node_, "value", 0);
    if (has_input(3) || p.size() != 8 || p[0] != 0 || p[1] != 0 || p[4] != 0 || p[5] != 0) {
      fail("Pad is supported over height and width only");
    }
    if (zero != 0) fail("Pad is supported with zeros only");
    const auto at = [&](std::size_t i) { return size_of("a padding", p[i]); };
    return network_.pad(name_, x(), {at(2), at(3), at(6), at(7)});
  }

  // Shapes.

  // Of a batch of one: nothing but the first dimension may depend on it.
  void read_shape() {
    const Shape s = shape();
    const bool vector = network_.is_vector(x());
    std::vector<std::int64_t> sizes = {1};
    for (const std::size_t n : {s.channels, s.height, s.width}) {
      if (vector && sizes.size() == 2) break;
      sizes.push_back(static_cast<std::int64_t>(n));
    }
    file_.set_integers(node_->output(0), {sizes.size()}, sizes);
  }
  int read_flatten() {
    if (file_.integer(*node_, "axis", 1) != 1) fail("Flatten is supported from axis 1 only");
    return network_.flatten(name_, x());
  }
  int read_squeeze() {
    if (shape().height * shape().width > 1) fail("Squeeze of an image isn't supported");
    return x();
  }
  int read_reshape() {
    const std::vector<std::int64_t> d = file_.integers(input(1));
    const Shape s = shape();
    const auto is = [](std::int64_t n, std::size_t size) {
      return n == -1 || n == static_cast<std::int64_t>(size);
    };
    if (d.size() == 2 && is(d[1], s.elements())) return network_.flatten(name_, x());
    if (d.size() == 4 && is(d[1], s.channels) && is(d[2], s.height) && is(d[3], s.width))
      return x();
    // A vector that enters the network as one channel: nothing moves.
    const bool gray = d.size() == 4 && d[1] == 1 && d[2] > 0 && d[3] > 0;
    if (gray && network_.layers().empty() &&
        size_of("a height", d[2]) * size_of("a width", d[3]) == s.elements()) {
      network_ = ImportedNetwork(network_.file());
      return values_[file_.only_input().name()] =
                 network_.input({1, size_of("a height", d[2]), size_of("a width", d[3])});
    }
    std::string dims;
    for (const std::int64_t n : d) dims += (dims.empty() ? "" : ", ") + std::to_string(n);
    fail("Reshape of ", shape_text(s), " to [", dims, "] isn't supported: only flattening is");
  }

  ImportedNetwork network_;
  FileBytes bytes_;
  OnnxFile file_;
  const onnx::NodeProto* node_ = nullptr;
  std::string name_ = "graph";
  std::map<std::string, int> values_;
};

}  // namespace

ImportedNetwork read_onnx(const std::filesystem::path& path) { return OnnxReader(path).read(); }

}  // namespace etch::host
