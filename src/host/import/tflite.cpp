// TensorFlow Lite's files: operators in order over tensors, NHWC.
#include "import/tflite.hpp"

#include "checked.hpp"
#include "import/tflite_file.hpp"

#include <etch/host/file.hpp>
#include <etch/host/format.hpp>

#include <algorithm>
#include <map>

namespace etch::host {

namespace {

namespace builtin {
// Numbers of builtin operators in the format.
enum Operator : int {
  add = 0,
  average_pool_2d = 1,
  concatenation = 2,
  conv_2d = 3,
  depthwise_conv_2d = 4,
  dequantize = 6,
  fully_connected = 9,
  logistic = 14,
  max_pool_2d = 17,
  resize_bilinear = 23,
  resize_nearest = 97,
  mirror_pad = 100,
  mul = 18,
  relu = 19,
  relu_n1_to_1 = 20,
  relu6 = 21,
  reshape = 22,
  softmax = 25,
  tanh = 28,
  pad = 34,
  mean = 40,
  sub = 41,
  div = 42,
  squeeze = 43,
  log_softmax = 50,
  prelu = 54,
  neg = 59,
  transpose_conv = 67,
  leaky_relu = 98,
  elu = 111,
  hard_swish = 117,
  gelu = 150,
  relu_0_to_1 = 152,
};
}  // namespace builtin
constexpr const char* supported_operators =
    "ADD, AVERAGE_POOL_2D, CONCATENATION of channels, CONV_2D, DEPTHWISE_CONV_2D, DEQUANTIZE of "
    "weights, DIV by constants, ELU, FULLY_CONNECTED, GELU, HARD_SWISH, LEAKY_RELU, LOGISTIC, "
    "LOG_SOFTMAX, "
    "MAX_POOL_2D, MEAN over height and width, MIRROR_PAD, MUL, NEG, PAD, PRELU, RELU, RELU6, "
    "RELU_0_TO_1, "
    "RELU_N1_TO_1, RESHAPE, RESIZE_BILINEAR, RESIZE_NEAREST_NEIGHBOR, SOFTMAX, SQUEEZE, SUB, TANH, "
    "TRANSPOSE_CONV";

Pair pair_of(int height, int width) {
  return {static_cast<std::size_t>(height < 0 ? 0 : height),
          static_cast<std::size_t>(width < 0 ? 0 : width)};
}

class TfliteReader {
 public:
  explicit TfliteReader(const std::filesystem::path& path)
      : network_(path.string()), bytes_(path), file_(path.string(), bytes_.bytes()) {}

  ImportedNetwork read() {
    file_.check_float();
    const int in = file_.only_input(), out = file_.only_output();
    values_[in] = network_.input(shape_of(in));
    batch_ = file_.dimensions(in)[0];
    for (const tflite::Operator* op : file_.operators()) {
      op_ = op;
      read_operator();
    }
    network_.set_output(value(out));
    return std::move(network_);
  }

 private:
  using Sizes = std::vector<std::size_t>;

  template <class... Parts>
  [[noreturn]] void fail(const Parts&... parts) const {
    network_.fail(name_, parts...);
  }

  void read_operator() {
    name_ = file_.name(file_.output(*op_));
    using enum builtin::Operator;
    const int kind = file_.kind(*op_);
    switch (kind) {
      case add:
        return finish(read_add(), option<tflite::AddOptions>().fused_activation_function());
      case mul:
        return finish(scale(), option<tflite::MulOptions>().fused_activation_function());
      case sub:
        return finish(read_sub(), option<tflite::SubOptions>().fused_activation_function());
      case div:
        return finish(read_div(), option<tflite::DivOptions>().fused_activation_function());
      case neg:
        return done(affine(input(0), {-1}, {}));
      case concatenation:
        return finish(read_concat(),
                      option<tflite::ConcatenationOptions>().fused_activation_function());
      case average_pool_2d:
      case max_pool_2d:
        return read_pool(kind == max_pool_2d);
      case conv_2d:
        return read_conv();
      case depthwise_conv_2d:
        return read_depthwise();
      case resize_bilinear:
        return done(read_resize(option<tflite::ResizeBilinearOptions>(), Interpolation::bilinear));
      case resize_nearest:
        return done(
            read_resize(option<tflite::ResizeNearestNeighborOptions>(), Interpolation::nearest));
      case mirror_pad:
        return done(read_mirror_pad());
      case transpose_conv:
        return read_transpose_conv();
      case fully_connected:
        return read_linear();
      case logistic:
        return activation(Sigmoid{});
      case relu:
        return activation(ReLU{});
      case relu6:
        return activation(ReLU6{});
      case tanh:
        return activation(Tanh{});
      case leaky_relu:
        return activation(LeakyReLU{option<tflite::LeakyReluOptions>().alpha()});
      case prelu:
        return done(read_prelu());
      case relu_n1_to_1:
        return activation(Hardtanh{});
      case relu_0_to_1:
        return activation(Hardtanh{0, 1});
      case elu:
        return activation(ELU{});
      case hard_swish:
        return activation(Hardswish{});
      case gelu: {
        const bool tanh_form = option<tflite::GeluOptions>().approximate();
        return activation(GELU{tanh_form ? Approximate::tanh : Approximate::exact});
      }
      case log_softmax:
        return activation(LogSoftmax{});
      case softmax:
        if (option<tflite::SoftmaxOptions>().beta() != 1) fail("SOFTMAX's beta must be 1");
        return activation(Softmax{});
      case reshape:
      case squeeze:
        return done(read_reshape());
      case pad:
        return done(read_pad());
      case mean:
        return done(read_mean());
      case dequantize:
        return file_.read_dequantize(*op_);
    }
    fail("the operator ", file_.operator_name(*op_),
         " isn't supported; these are: ", supported_operators);
  }

  // The operator's options.
  template <class Options>
  const Options& option() const {
    const Options* options = op_->builtin_options_as<Options>();
    if (options == nullptr) fail("has no options, or those of another operator");
    return *options;
  }

  int input(std::size_t i) const { return file_.input(*op_, i); }
  int value(int tensor) const {
    const auto at = values_.find(tensor);
    if (at != values_.end()) return at->second;
    fail("takes ", file_.name(tensor), ", which isn't computed before it",
         file_.is_constant(tensor) ? ": only weights may be constants" : "");
  }
  int x() const { return value(input(0)); }

  // (N, H, W, C), (N, C) or (N, L, C), as one image's shape.
  Shape shape_of(int tensor) const {
    const std::vector<std::size_t> d = file_.dimensions(tensor);
    if (d.size() == 4) return {d[3], d[1], d[2]};
    if (d.size() == 3) return {d[2], 1, d[1]};
    if (d.size() == 2) return {d[1]};
    network_.fail(file_.name(tensor), "has ", d.size(),
                  " dimensions, but a batch of vectors or images has 2 or 4");
  }
  // The operator's input, which must be (N, H, W, C).
  int image() const {
    const Sizes d = file_.dimensions(input(0));
    if (d.size() == 4) return x();
    fail("a ", file_.operator_name(*op_), " takes (N, H, W, C), but its input is ", shape_text(d));
  }

  // The operator's output is this value, after what is fused to it.
  void finish(int y, tflite::ActivationFunctionType fused) {
    using F = tflite::ActivationFunctionType;
    const std::string name = name_;
    switch (fused) {
      case F::NONE:
        return done(y);
      case F::RELU:
        return done(network_.activation(name, ReLU{}, y));
      case F::RELU6:
        return done(network_.activation(name, ReLU6{}, y));
      case F::RELU_N1_TO_1:
        return done(network_.activation(name, Hardtanh{}, y));
      case F::TANH:
        return done(network_.activation(name, Tanh{}, y));
      default:
        fail("the fused activation ", activation_name(fused),
             " isn't supported; these are: RELU, RELU6, RELU_N1_TO_1, TANH");
    }
  }
  static std::string activation_name(tflite::ActivationFunctionType type) {
    using F = tflite::ActivationFunctionType;
    return type >= F::MIN && type <= F::MAX ? tflite::EnumNameActivationFunctionType(type)
                                            : text("number ", static_cast<int>(type));
  }
  // The value as (N, H, W, C); without the height or both, where they are 1.
  bool is(int value, const Sizes& d) const {
    const Pair area = network_.padded(value);
    const Sizes image{batch_, area.height, area.width, network_.shape(value).channels};
    if (d.size() == 4) return d == image;
    if (d.size() == 3) return area.height == 1 && d == Sizes{batch_, image[2], image[3]};
    return d.size() == 2 && area == Pair(1) && d == Sizes{batch_, image[3]};
  }
  void done(int y) {
    const int tensor = file_.output(*op_);
    if (!is(y, file_.dimensions(tensor))) {
      fail("makes ", shape_text(network_.shape(y)), " of each image, but the file says ",
           shape_text(file_.dimensions(tensor)), " for a batch of ", batch_);
    }
    if (file_.is_constant(tensor) || !values_.emplace(tensor, y).second) {
      fail("computes ", file_.name(tensor), ", which is there already");
    }
  }
  void activation(const AnyLayer& layer) { done(network_.activation(name_, layer, x())); }

  template <class Options>
  Padding padding(const Options& o, Pair kernel, Pair dilation) const {
    if (o.padding() != tflite::Padding::SAME) return {};
    return same_padding(network_.padded(image()), kernel, pair_of(o.stride_h(), o.stride_w()),
                        dilation);
  }
  template <class Options>
  Window window(const Options& o, Pair kernel, Pair dilation) const {
    return network_.window(name_, image(), kernel, pair_of(o.stride_h(), o.stride_w()), dilation,
                           padding(o, kernel, dilation));
  }
  void read_conv() {
    const auto& o = option<tflite::Conv2DOptions>();
    const std::vector<std::size_t> d = file_.dimensions(input(1));  // O, KH, KW, I
    if (d.size() != 4) fail("the weights have ", d.size(), " dimensions, but 4 are expected");
    const std::size_t in = network_.shape(x()).channels;
    if (d[3] == 0 || in % d[3] != 0) {
      fail("takes ", in, " channels, but the weights are ", shape_text(d));
    }
    name_layer_by(input(1));
    const Window w = window(o, {d[1], d[2]}, pair_of(o.dilation_h_factor(), o.dilation_w_factor()));
    std::vector<float> weight = file_.floats(input(1));
    finish(network_.conv2d(name_, x(), w, in / d[3], moved(weight, d[1] * d[2], d[3]), bias(d[0])),
           o.fused_activation_function());
  }

  void read_depthwise() {
    const auto& o = option<tflite::DepthwiseConv2DOptions>();
    const std::vector<std::size_t> d = file_.dimensions(input(1));  // 1, KH, KW, O
    const std::size_t in = network_.shape(image()).channels;
    if (d.size() != 4 || d[0] != 1 || d[3] % in != 0) {
      fail("takes ", in, " channels, but the weights are ", shape_text(d));
    }
    name_layer_by(input(1));
    const Window w = window(o, {d[1], d[2]}, pair_of(o.dilation_h_factor(), o.dilation_w_factor()));
    std::vector<float> weight = file_.floats(input(1));
    finish(network_.conv2d(name_, x(), w, in, moved(weight, d[1] * d[2], d[3]), bias(d[3])),
           o.fused_activation_function());
  }

  // The output's size is an input; TensorFlow's "same" crops what is more than that, an odd one at
  // the end.
  static void fit(std::size_t whole, std::size_t wanted, bool same, std::size_t& padding,
                  std::size_t& output_padding, std::size_t& extra_padding) {
    if (wanted >= whole) {
      output_padding = wanted - whole;
    } else {
      padding = same ? (whole - wanted) / 2 : 0;
      extra_padding = whole - wanted - 2 * padding;
    }
  }
  void read_transpose_conv() {
    const auto& o = option<tflite::TransposeConvOptions>();
    const Sizes d = file_.dimensions(input(1));  // O, KH, KW, I
    const std::vector<std::int64_t> shape = file_.integers(input(0));
    const int from = value(input(2));
    const Shape in = network_.shape(from);
    const Sizes made = file_.dimensions(file_.output(*op_));
    if (d.size() != 4 || d[3] != in.channels || file_.dimensions(input(2)).size() != 4) {
      fail("takes ", in.channels, " channels of an image, but the weights are ", shape_text(d));
    }
    bool fits = shape.size() == 4 && made.size() == 4;
    for (std::size_t k = 0; fits && k < 4; ++k) {
      fits = shape[k] == static_cast<std::int64_t>(made[k]) && made[k] <= most_side;
    }
    if (!fits) fail("its output isn't of the shape that it is given");
    name_layer_by(input(1));
    ConvTranspose2d l{.out_channels = d[0],
                      .kernel_size = {d[1], d[2]},
                      .stride = pair_of(o.stride_h(), o.stride_w())};
    const Pair whole = l.whole(in);
    const bool same = o.padding() == tflite::Padding::SAME;
    fit(whole.height, made[1], same, l.padding.height, l.output_padding.height,
        l.extra_padding.height);
    fit(whole.width, made[2], same, l.padding.width, l.output_padding.width, l.extra_padding.width);
    // (O, taps, I) to (I, O, taps).
    const std::vector<float> w = file_.floats(input(1));
    std::vector<float> weight = moved(w, d[0] * d[1] * d[2], d[3]);
    std::vector<float> bias;
    if (file_.has_input(*op_, 3)) {
      if (file_.dimensions(input(3)) != Sizes{d[0]})
        fail("has ", d[0], " outputs, but another bias");
      bias = file_.floats(input(3));
    }
    finish(network_.conv_transpose2d(name_, from, l, std::move(weight), std::move(bias)),
           o.fused_activation_function());
  }

  // (outer, taps, inner) to (outer, inner, taps).
  static std::vector<float> moved(const std::vector<float>& from, std::size_t taps,
                                  std::size_t inner) {
    std::vector<float> to(from.size());
    for (std::size_t i = 0; i < from.size(); ++i) {
      const std::size_t o = i / (taps * inner), t = i / inner % taps, k = i % inner;
      to[(o * inner + k) * taps + t] = from[i];
    }
    return to;
  }

  std::vector<float> bias(std::size_t outputs) const {
    if (!file_.has_input(*op_, 2)) return {};
    const Sizes d = file_.dimensions(input(2));
    if (d != Sizes{outputs}) fail("has ", outputs, " outputs, but a bias of ", shape_text(d));
    return file_.floats(input(2));
  }

  void read_linear() {
    const auto& o = option<tflite::FullyConnectedOptions>();
    if (o.weights_format() != 0) fail("shuffled weights aren't supported");
    name_layer_by(input(1));
    const int from = network_.flatten(name_, x());
    // The inputs of a flattened image are in the order (height, width, channel).
    const Shape l = network_.layout(from);
    const Sizes d = file_.dimensions(input(1));
    if (d.size() != 2 || d[1] != l.elements()) {
      fail("takes ", l.elements(), " features of an image, but the weights are ", shape_text(d));
    }
    const std::vector<float> weight = file_.floats(input(1));
    finish(network_.linear(name_, from, moved(weight, l.height * l.width, l.channels), bias(d[0])),
           o.fused_activation_function());
  }

  void read_pool(bool max) {
    const auto& o = option<tflite::Pool2DOptions>();
    const Pair kernel = pair_of(o.filter_height(), o.filter_width());
    const Window w = window(o, kernel, 1);
    finish(max ? network_.max_pool(name_, x(), w)
               : network_.avg_pool(name_, x(), w, false, padding(o, kernel, 1).any()),
           o.fused_activation_function());
  }

  int read_add() {
    for (const std::size_t i : {1u, 0u}) {
      if (file_.is_constant(input(i))) return affine(input(1 - i), {}, along_channels(i, 1 - i));
    }
    const Sizes a = file_.dimensions(input(0)), b = file_.dimensions(input(1));
    if (a != b)
      fail("adds ", shape_text(a), " and ", shape_text(b), ", but only equal shapes can be added");
    return network_.add(name_, x(), value(input(1)));
  }
  int read_sub() {
    if (file_.is_constant(input(0))) return affine(input(1), {-1}, along_channels(0, 1));
    if (file_.is_constant(input(1))) {
      std::vector<float> shift = along_channels(1, 0);
      for (float& v : shift) v = -v;
      return affine(input(0), {}, shift);
    }
    const Sizes a = file_.dimensions(input(0)), b = file_.dimensions(input(1));
    if (a != b) {
      fail("subtracts ", shape_text(b), " from ", shape_text(a),
           ", but only equal shapes can be subtracted");
    }
    return network_.add(name_, x(), affine(input(1), {-1}, {}));
  }
  int read_div() {
    if (!file_.is_constant(input(1))) fail("DIV is supported by constants only");
    std::vector<float> scale = along_channels(1, 0);
    for (float& v : scale) v = 1 / v;
    return affine(input(0), scale, {});
  }
  int scale() {
    for (const std::size_t i : {1u, 0u}) {
      if (file_.is_constant(input(i))) return affine(input(1 - i), along_channels(i, 1 - i), {});
    }
    const Sizes a = file_.dimensions(input(0)), b = file_.dimensions(input(1));
    const auto is_gate = [](const Sizes& gate, const Sizes& of) {
      return of.size() == 4 && gate == Sizes{of[0], 1, 1, of[3]};
    };
    if (a != b && !is_gate(a, b) && !is_gate(b, a)) {
      fail("multiplies ", shape_text(a), " and ", shape_text(b),
           ", but only equal shapes, or an image and one number a channel, can be multiplied");
    }
    return network_.multiply(name_, x(), value(input(1)));
  }
  int read_prelu() {
    const std::vector<float> slopes = broadcast_slopes();
    const bool same =
        std::all_of(slopes.begin(), slopes.end(), [&](float s) { return s == slopes.front(); });
    return network_.prelu(name_, x(), same ? slopes : in_order(x(), along_channels(1, 0)));
  }
  // PRELU's input keeps its shape.
  std::vector<float> broadcast_slopes() const {
    const Sizes d = file_.dimensions(input(1)), whole = file_.dimensions(input(0));
    bool fits = d.size() <= whole.size();
    for (std::size_t k = 0; fits && k < d.size(); ++k) {
      fits = d[k] == 1 || d[k] == whole[whole.size() - d.size() + k];
    }
    if (!fits) fail("slopes of ", shape_text(d), " can't be those of ", shape_text(whole));
    return file_.floats(input(1));
  }
  // Channels are last; those of an image that was flattened are in between.
  int read_concat() {
    const Sizes whole = file_.dimensions(input(0));
    const int rank = static_cast<int>(whole.size());
    const int axis = option<tflite::ConcatenationOptions>().axis();
    if ((rank != 2 && rank != 4) || (axis != rank - 1 && axis != -1)) {
      fail("CONCATENATION of ", shape_text(whole), " along axis ", axis,
           " isn't supported: only along channels");
    }
    std::vector<int> all;
    for (std::size_t i = 0; i < op_->inputs()->size(); ++i) {
      Sizes part = file_.dimensions(input(i));
      const int v = value(input(i));
      // Their numbers would lie one image after the other, and not by channels as etch joins them.
      if (rank == 2 && network_.layout(v).height * network_.layout(v).width != 1) {
        fail("CONCATENATION of flattened images isn't supported: flatten what is joined");
      }
      if (part.size() == whole.size()) part.back() = whole.back();
      if (part != whole || !is(v, file_.dimensions(input(i)))) {
        fail("joins channels of ", shape_text(whole), " and ",
             shape_text(file_.dimensions(input(i))), ", which differ in more than these");
      }
      all.push_back(v);
    }
    return network_.concat(name_, all);
  }
  // A constant input that is broadcast to another input, and runs along its channels alone.
  // Dimensions are aligned at their ends.
  std::vector<float> along_channels(std::size_t constant, std::size_t to) const {
    const Sizes d = file_.dimensions(input(constant)), whole = file_.dimensions(input(to));
    bool fits = d.size() <= whole.size();
    for (std::size_t k = 0; fits && k < d.size(); ++k) {
      fits = d[k] == 1 || (k + 1 == d.size() && d[k] == whole.back());
    }
    if (!fits)
      fail("a constant of ", shape_text(d), " isn't one number a channel of ", shape_text(whole));
    return file_.floats(input(constant));
  }
  // Of a flattened image the numbers are in the order (height, width, channel).
  int affine(int tensor, const std::vector<float>& weight, const std::vector<float>& bias) {
    const int of = value(tensor);
    return network_.scale_and_shift(name_, of, in_order(of, weight), in_order(of, bias));
  }
  std::vector<float> in_order(int of, const std::vector<float>& v) const {
    const Shape l = network_.layout(of);
    return v.size() == l.elements() ? moved(v, l.height * l.width, l.channels) : v;
  }

  // What the file says that RESHAPE makes must be what its target means.
  void check_target(const Sizes& before, const Sizes& after) const {
    std::vector<std::int64_t> target;
    const tflite::ReshapeOptions* o = op_->builtin_options_as<tflite::ReshapeOptions>();
    if (file_.has_input(*op_, 1)) {
      target = file_.integers(input(1));
    } else if (o != nullptr && o->new_shape() != nullptr) {
      target.assign(o->new_shape()->begin(), o->new_shape()->end());
    } else {
      return;
    }
    bool fits = target.size() == after.size() && std::count(target.begin(), target.end(), -1) <= 1;
    for (std::size_t k = 0; fits && k < after.size(); ++k) {
      fits = target[k] == -1 || target[k] == static_cast<std::int64_t>(after[k]);
    }
    if (fits && sizes(before) == sizes(after)) return;
    fail("RESHAPE of ", shape_text(before), " doesn't make ", shape_text(after));
  }
  std::size_t sizes(const Sizes& d) const {
    return checked_product(d, text(network_.file(), ": ", name_, ": its size"));
  }

  // Nothing moves, since TFLite's order is etch's; the batch must stay.
  int read_reshape() {
    const int from = x();
    const Sizes before = file_.dimensions(input(0)), after = file_.dimensions(file_.output(*op_));
    if (file_.kind(*op_) == builtin::reshape) check_target(before, after);
    if (after.empty() || after[0] != batch_ || sizes(before) != sizes(after)) {
      fail(file_.operator_name(*op_), " of ", shape_text(before), " to ", shape_text(after),
           " isn't supported: the batch must stay the first dimension");
    }
    if (is(from, after)) return from;
    if (after.size() == 2) return network_.flatten(name_, from);
    const bool only_input = std::all_of(values_.begin(), values_.end(), [&](const auto& v) {
      return v.second == from && file_.uses(v.first) == 1;
    });
    if (only_input && network_.reshape_input(shape_of(file_.output(*op_)))) return from;
    fail(file_.operator_name(*op_), " of ", shape_text(before), " to ", shape_text(after),
         " isn't supported: only flattening is");
  }

  template <class Options>
  int read_resize(const Options& o, Interpolation mode) {
    const std::vector<std::int64_t> size = file_.integers(input(1));
    const bool fits = size.size() == 2 && std::all_of(size.begin(), size.end(), [](std::int64_t n) {
                        return n > 0 && n <= static_cast<std::int64_t>(most_side);
                      });
    if (!fits) fail("the size is expected to be a height and a width");
    const bool nearest = mode == Interpolation::nearest;
    if (nearest ? o.align_corners() || o.half_pixel_centers()
                : o.align_corners() == o.half_pixel_centers()) {
      fail(file_.operator_name(*op_), " with align_corners ", o.align_corners(),
           " and half_pixel_centers ", o.half_pixel_centers(), " isn't supported");
    }
    return network_.upsample(
        name_, image(),
        {.size = {static_cast<std::size_t>(size[0]), static_cast<std::size_t>(size[1])},
         .mode = mode,
         .align_corners = o.align_corners()});
  }
  int read_mirror_pad() {
    if (option<tflite::MirrorPadOptions>().mode() != tflite::MirrorPadMode::REFLECT) {
      fail("MIRROR_PAD is supported in the mode REFLECT only");
    }
    const Padding p = pads();
    return network_.activation(name_, ReflectionPad2d{{p.left, p.right, p.top, p.bottom}}, x());
  }

  int read_pad() { return network_.pad(name_, x(), pads()); }
  Padding pads() const {
    const std::vector<std::int64_t> p = file_.integers(input(1));
    const std::size_t rank = file_.dimensions(input(0)).size();
    if (rank != 4 || p.size() != 8 || p[0] != 0 || p[1] != 0 || p[6] != 0 || p[7] != 0) {
      fail(file_.operator_name(*op_), " is supported over height and width only");
    }
    for (const std::int64_t n : p) {
      if (n < 0 || n > static_cast<std::int64_t>(most_side))
        fail(file_.operator_name(*op_), " by ", n, " isn't supported");
    }
    const auto at = [&](std::size_t i) { return static_cast<std::size_t>(p[i]); };
    return {at(2), at(4), at(3), at(5)};
  }

  // MEAN over height and width: a global pool.
  int read_mean() {
    const std::size_t rank = file_.dimensions(input(0)).size();
    std::vector<std::int64_t> axes = file_.integers(input(1));
    for (std::int64_t& a : axes) a += a < 0 ? static_cast<std::int64_t>(rank) : 0;
    const bool spatial = rank == 4 && axes.size() == 2 &&
                         ((axes[0] == 1 && axes[1] == 2) || (axes[0] == 2 && axes[1] == 1));
    if (!spatial) fail("MEAN is supported over height and width only");
    return network_.global_avg_pool(name_, x());
  }

  // Weights have names that people gave them; outputs are named by the converter.
  void name_layer_by(int tensor) {
    if (!file_.name(tensor).empty()) name_ = file_.name(tensor);
  }

  ImportedNetwork network_;
  FileBytes bytes_;
  TfliteFile file_;
  const tflite::Operator* op_ = nullptr;
  std::string name_ = "graph";
  std::map<int, int> values_;  // of tensors
  std::size_t batch_ = 1;
};

}  // namespace

ImportedNetwork read_tflite(const std::filesystem::path& path) { return TfliteReader(path).read(); }

}  // namespace etch::host
