// A network as another library's file has it.
#include "import/imported.hpp"

#include "format.hpp"

namespace etch::host {

const char* layer_name(LayerKind kind) {
  static constexpr const char* names[] = {
      "Conv2d",  "Linear",  "BatchNorm2d", "MaxPool2d", "AvgPool2d", "GlobalAvgPool2d",
      "ReLU",    "ReLU6",   "LeakyReLU",   "Sigmoid",   "Tanh",      "Softmax",
      "Flatten", "Residual"};
  return names[static_cast<std::size_t>(kind)];
}

// Larger than this isn't a network but a damaged file: no product of three of them wraps around.
static constexpr std::size_t most = 1 << 20;

static void same(std::size_t length, std::size_t kernel, std::size_t stride, std::size_t dilation,
                 std::size_t& before, std::size_t& after) {
  // Sizes that can't be are refused by whoever takes the padding.
  if (stride == 0 || stride > most || kernel > most || dilation > most) return;
  const std::size_t reached = (length + stride - 1) / stride * stride - stride;
  const std::size_t needed = reached + reach(kernel, dilation);
  const std::size_t total = needed > length ? needed - length : 0;
  before = total / 2;
  after = total - before;
}

Padding same_padding(Pair size, Pair kernel, Pair stride, Pair dilation) {
  Padding p;
  same(size.height, kernel.height, stride.height, dilation.height, p.top, p.bottom);
  same(size.width, kernel.width, stride.width, dilation.width, p.left, p.right);
  return p;
}

int ImportedNetwork::append(ImportedLayer layer, Shape shape, Shape layout) {
  layer.y = static_cast<int>(values_.size());
  layers_.push_back(std::move(layer));
  values_.push_back({shape, layout});
  return layers_.back().y;
}

int ImportedNetwork::input(Shape shape) {
  for (const std::size_t n : {shape.channels, shape.height, shape.width}) {
    if (n == 0 || n > most) fail("input", "has the shape ", shape_text(shape));
  }
  values_.push_back({shape, shape});
  return static_cast<int>(values_.size()) - 1;
}

int ImportedNetwork::pad(const std::string& name, int x, Padding p) {
  if (!p.any()) return x;
  Value v = at(plain(x));
  v.of = x;
  v.padding = p;
  v.pad_name = name;
  values_.push_back(v);
  return static_cast<int>(values_.size()) - 1;
}

int ImportedNetwork::plain(int x) const {
  if (at(x).of == none) return x;
  fail(at(x).pad_name, "only padding before a convolution or a pool can be imported");
}

Pair ImportedNetwork::padded(int x) const {
  const Padding& p = at(x).padding;
  return {shape(x).height + p.top + p.bottom, shape(x).width + p.left + p.right};
}

const ImportedLayer* ImportedNetwork::maker(int x) const {
  for (const ImportedLayer& l : layers_) {
    if (l.y == x) return &l;
  }
  return nullptr;
}

bool ImportedNetwork::is_vector(int x) const {
  if (shape(x).height * shape(x).width > 1) return false;
  const ImportedLayer* l = maker(x);
  while (l != nullptr && (l->kind == LayerKind::batch_norm || l->kind >= LayerKind::relu)) {
    if (l->kind == LayerKind::flatten) return true;
    l = maker(l->x);
  }
  return l == nullptr || l->kind == LayerKind::linear;
}

// What made x never makes numbers below zero.
bool ImportedNetwork::is_non_negative(int x) const {
  const ImportedLayer* l = maker(x);
  return l != nullptr && (l->kind == LayerKind::relu || l->kind == LayerKind::relu6 ||
                          l->kind == LayerKind::sigmoid || l->kind == LayerKind::softmax);
}

Shape ImportedNetwork::check_window(const std::string& name, int x, const Window& w,
                                    std::size_t channels) const {
  for (const std::size_t n : {w.kernel_size.height, w.kernel_size.width, w.stride.height,
                              w.stride.width, w.dilation.height, w.dilation.width}) {
    if (n == 0 || n > most) fail(name, "kernel, stride and dilation must be from 1 to ", most);
  }
  for (const std::size_t n :
       {w.padding.height, w.padding.width, w.extra_padding.height, w.extra_padding.width}) {
    if (n > most) fail(name, "a padding of ", n, " is too large");
  }
  const Shape y = w.output(shape(x), channels);
  if (y.elements() == 0) {
    fail(name, "the kernel of ", w.kernel_size.height, "x", w.kernel_size.width,
         " is larger than its padded input of ", w.padded(shape(x)).height, "x",
         w.padded(shape(x)).width);
  }
  return y;
}

int ImportedNetwork::conv2d(const std::string& name, int x, const Window& w, std::size_t groups,
                            std::vector<float> weight, std::vector<float> bias) {
  const std::size_t in = shape(x).channels;
  if (groups == 0 || in % groups != 0) {
    fail(name, "has ", in, " input channels, which ", groups, " groups don't divide");
  }
  check_window(name, x, w, 1);
  const std::size_t of_output = in / groups * w.kernel_size.area();
  const std::size_t outputs = weight.size() / of_output;
  if (outputs == 0 || weight.size() % of_output != 0 || outputs % groups != 0) {
    fail(name, "has ", weight.size(), " weights, but an output channel takes ", of_output, " of ",
         in, " input channels in ", groups, " groups");
  }
  if (!bias.empty() && bias.size() != outputs) {
    fail(name, "has ", outputs, " output channels, but a bias of ", bias.size());
  }
  const Shape y = check_window(name, x, w, outputs);
  ImportedLayer layer{.kind = LayerKind::conv2d, .name = name, .x = unpadded(x)};
  layer.window = w;
  layer.outputs = outputs;
  layer.groups = groups;
  layer.tensors.push_back({"weight", std::move(weight)});
  if (!bias.empty()) layer.tensors.push_back({"bias", std::move(bias)});
  return append(std::move(layer), y, y);
}

int ImportedNetwork::linear(const std::string& name, int x, std::vector<float> weight,
                            std::vector<float> bias) {
  x = plain(x);
  const std::size_t in = shape(x).elements();
  if (in != shape(x).channels) {
    fail(name, "takes vectors, but its input is ", shape_text(shape(x)));
  }
  const std::size_t outputs = weight.size() / in;
  if (outputs == 0 || weight.size() % in != 0) {
    fail(name, "has ", weight.size(), " weights, which isn't a multiple of its ", in, " inputs");
  }
  if (!bias.empty() && bias.size() != outputs) {
    fail(name, "has ", outputs, " outputs, but a bias of ", bias.size());
  }
  ImportedLayer layer{.kind = LayerKind::linear, .name = name, .x = x};
  layer.outputs = outputs;
  layer.tensors.push_back({"weight", std::move(weight)});
  if (!bias.empty()) layer.tensors.push_back({"bias", std::move(bias)});
  return append(std::move(layer), {outputs}, {outputs});
}

int ImportedNetwork::batch_norm(const std::string& name, int x, float eps,
                                std::vector<ImportedTensor> tensors) {
  x = plain(x);
  const std::size_t channels = shape(x).channels;
  for (const ImportedTensor& t : tensors) {
    if (t.values.size() != channels) {
      fail(name, t.name, " has ", t.values.size(), " numbers, but the input has ", channels,
           " channels");
    }
  }
  if (!(eps > 0)) fail(name, "epsilon is ", eps, ", but must be positive");
  ImportedLayer layer{.kind = LayerKind::batch_norm, .name = name, .x = x};
  layer.eps = eps;
  layer.tensors = std::move(tensors);
  return append(std::move(layer), shape(x), layout(x));
}

int ImportedNetwork::scale_and_shift(const std::string& name, int x, std::vector<float> scale,
                                     std::vector<float> shift) {
  const std::size_t channels = shape(x).channels;
  const auto filled = [&](std::vector<float> v, float otherwise) {
    if (v.empty()) v = {otherwise};
    if (v.size() == 1) v.assign(channels, v[0]);
    return v;
  };
  constexpr float eps = 1e-5f;
  return batch_norm(name, x, eps,
                    {{"weight", filled(std::move(scale), 1)},
                     {"bias", filled(std::move(shift), 0)},
                     {"running_mean", filled({}, 0)},
                     {"running_var", filled({}, 1 - eps)}});
}

bool ImportedNetwork::takes_bias(int x) const {
  const ImportedLayer* l = maker(x);
  return l != nullptr && (l->kind == LayerKind::conv2d || l->kind == LayerKind::linear) &&
         !l->has_bias();
}

int ImportedNetwork::set_bias(int x, std::vector<float> bias) {
  for (ImportedLayer& l : layers_) {
    if (l.y == x) l.tensors.push_back({"bias", std::move(bias)});
  }
  return x;
}

// What MaxPool2d and AvgPool2d refuse.
void ImportedNetwork::check_pool(const std::string& name, const Window& w) const {
  const auto too_much = [](std::size_t padding, std::size_t extra, std::size_t kernel) {
    return 2 * padding > kernel || padding + extra >= kernel;
  };
  if (too_much(w.padding.height, w.extra_padding.height, w.kernel_size.height) ||
      too_much(w.padding.width, w.extra_padding.width, w.kernel_size.width)) {
    fail(name, "a padding of ", w.padding.height, "x", w.padding.width, " and ",
         w.extra_padding.height, "x", w.extra_padding.width,
         " more at the end is too much for a pool of ", w.kernel_size.height, "x",
         w.kernel_size.width);
  }
}

int ImportedNetwork::max_pool(const std::string& name, int x, const Window& w) {
  const Shape y = check_window(name, x, w, shape(x).channels);
  check_pool(name, w);
  if (w.kernel_size.area() > 256) {
    fail(name, "a max pool of ", w.kernel_size.area(), " positions isn't supported: at most 256");
  }
  if (at(x).padding.any() && !is_non_negative(unpadded(x))) {
    fail(at(x).pad_name,
         "zeros before a max pool can't be its padding, which never wins, unless a "
         "ReLU comes before");
  }
  ImportedLayer layer{.kind = LayerKind::max_pool, .name = name, .x = unpadded(x)};
  layer.window = w;
  return append(std::move(layer), y, y);
}

int ImportedNetwork::avg_pool(const std::string& name, int x, const Window& w,
                              bool count_include_pad) {
  const Shape y = check_window(name, x, w, shape(x).channels);
  if (at(x).padding.any() && w.padding != Pair(at(x).padding.top, at(x).padding.left)) {
    fail(at(x).pad_name, "padding before an average pool with padding of its own isn't supported");
  }
  if (w.dilation != Pair(1)) fail(name, "a dilated average pool isn't supported");
  const bool global =
      w.kernel_size == Pair(shape(x).height, shape(x).width) && w.padded(shape(x)) == w.kernel_size;
  if (!global) check_pool(name, w);
  ImportedLayer layer{.kind = global ? LayerKind::global_avg_pool : LayerKind::avg_pool,
                      .name = name,
                      .x = unpadded(x)};
  layer.window = w;
  layer.count_include_pad = count_include_pad || at(x).padding.any();
  return append(std::move(layer), y, y);
}

int ImportedNetwork::activation(const std::string& name, LayerKind kind, int x, float slope) {
  if (kind == LayerKind::leaky_relu && !(slope > 0)) {
    fail(name, "a slope of ", slope, " isn't supported: it must be positive");
  }
  x = plain(x);
  ImportedLayer layer{.kind = kind, .name = name, .x = x};
  layer.slope = slope;
  return append(std::move(layer), shape(x), layout(x));
}

int ImportedNetwork::prelu(const std::string& name, int x, const std::vector<float>& slopes) {
  for (const float s : slopes) {
    if (s != slopes[0]) {
      fail(name, "has different slopes, ", slopes[0], " and ", s,
           ", but only one for all channels is supported");
    }
  }
  if (slopes.empty()) fail(name, "has no slope");
  return activation(name, LayerKind::leaky_relu, x, slopes[0]);
}

int ImportedNetwork::clip_to_6(const std::string& name, int x, bool only_use) {
  const ImportedLayer* before = maker(x);
  if (!only_use || before == nullptr || before->kind != LayerKind::relu) {
    return activation(name, LayerKind::relu6, x);
  }
  layers_[static_cast<std::size_t>(before - layers_.data())].kind = LayerKind::relu6;
  return x;
}

int ImportedNetwork::add(const std::string& name, int a, int b) {
  a = plain(a), b = plain(b);
  if (shape(a) != shape(b)) {
    fail(name, "adds ", shape_text(shape(a)), " and ", shape_text(shape(b)),
         ", but only equal shapes can be added");
  }
  return append({.kind = LayerKind::add, .name = name, .x = a, .skip = b}, shape(a), layout(a));
}

int ImportedNetwork::flatten(const std::string& name, int x) {
  x = plain(x);
  if (shape(x).height * shape(x).width == 1) return x;
  return append({.kind = LayerKind::flatten, .name = name, .x = x}, {shape(x).elements()},
                layout(x));
}

// The extra padding of one axis. Where more padding before than after isn't reached by the window,
// as much after is meant.
static std::size_t extra(std::size_t length, std::size_t before, std::size_t after,
                         std::size_t span, std::size_t stride, bool& fits) {
  const auto positions = [&](std::size_t total) {
    return length + total < span ? 0 : (length + total - span) / stride;
  };
  const std::size_t wanted = positions(before + after);
  if (wanted == positions(2 * before)) return 0;
  fits = fits && after >= before;
  return after - before;
}

Window ImportedNetwork::window(const std::string& name, int x, Pair kernel_size, Pair stride,
                               Pair dilation, Padding p) const {
  const Padding& before = at(x).padding;
  p = {p.top + before.top, p.left + before.left, p.bottom + before.bottom, p.right + before.right};
  Window w{kernel_size, stride, {p.top, p.left}, dilation};
  for (const std::size_t n : {p.top, p.left, p.bottom, p.right}) {
    if (n > most) fail(name, "a padding of ", n, " is too large");
  }
  check_window(name, x, {kernel_size, stride, 0, dilation, {p.top + p.bottom, p.left + p.right}},
               1);
  bool fits = true;
  w.extra_padding = {extra(shape(x).height, p.top, p.bottom,
                           reach(kernel_size.height, dilation.height), stride.height, fits),
                     extra(shape(x).width, p.left, p.right,
                           reach(kernel_size.width, dilation.width), stride.width, fits)};
  if (!fits) {
    fail(name, "pads ", p.top, " above and ", p.bottom, " below, ", p.left, " on the left and ",
         p.right,
         " on the right: more above than below, or on the left than on the right, isn't "
         "supported");
  }
  return w;
}

}  // namespace etch::host
