// A network as another library's file has it.
#include "import/imported.hpp"

#include "checked.hpp"

#include <etch/host/format.hpp>

#include <etch/layers/join.hpp>

#include <algorithm>
#include <cmath>

namespace etch::host {

static void same(std::size_t length, std::size_t kernel, std::size_t stride, std::size_t dilation,
                 std::size_t& before, std::size_t& after) {
  // Sizes that can't be are refused by whoever takes the padding.
  if (stride == 0 || stride > most_side || kernel > most_side || dilation > most_side) return;
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

// The extra padding of one axis. Where more padding before than after isn't reached by the window,
// as much after is meant.
static std::size_t extra(std::size_t length, std::size_t before, std::size_t after,
                         std::size_t span, std::size_t stride, bool& fits) {
  const auto positions = [&](std::size_t total) {
    return length + total < span ? 0 : (length + total - span) / stride + 1;
  };
  const std::size_t wanted = positions(before + after);
  if (wanted == positions(2 * before)) return 0;
  fits = fits && after >= before;
  return after - before;
}

// A network that isn't numbers has no answers.
void ImportedNetwork::check_tensors(const ImportedLayer& layer) {
  for (const ImportedTensor& t : layer.tensors) {
    check_room(layer.name, t.values.size());
    numbers_ += t.values.size();
    for (std::size_t i = 0; i < t.values.size(); ++i) {
      if (std::isfinite(t.values[i])) continue;
      fail(layer.name, "number ", i, " of its ", t.name, " is ", t.values[i],
           ", but finite weights are expected");
    }
  }
}

void ImportedNetwork::check_room(const std::string& name, std::size_t numbers) const {
  if (numbers <= most_parameters - numbers_) return;
  fail(name, "the network has more than ", grouped(most_parameters),
       " parameters, which is the most that can be imported");
}

// The layer's own rules refuse it, and say what it makes of its input.
int ImportedNetwork::append(ImportedLayer layer) {
  const Value& x = at(layer.x);
  Graph g;
  const auto y = std::visit(
      [&](const auto& l) {
        return add_layer(g, l, etch::Value{0, x.shape, x.layout});
      },
      layer.layer);
  const Problem p = g.refusal().problem;
  const std::string numbers = p.is == p.wanted ? "" : text(" (", p.is, ", ", p.wanted, ")");
  if (p.found()) fail(layer.name, p.sentence, numbers);
  return append(std::move(layer), y.shape, y.layout);
}

int ImportedNetwork::append(ImportedLayer layer, Shape shape, Shape layout) {
  if (layers_.size() == most_layers) {
    fail(layer.name, "the network has more than ", grouped(most_layers),
         " layers, which is the most that can be imported");
  }
  checked_product({shape.channels, shape.height, shape.width},
                  text(file_, ": ", layer.name, ": the size of its output"), most_elements);
  check_tensors(layer);
  layer.y = static_cast<int>(values_.size());
  layers_.push_back(std::move(layer));
  values_.push_back({.shape = shape, .layout = layout});
  values_.back().maker = static_cast<int>(layers_.size()) - 1;
  return layers_.back().y;
}

// Makes a layer part of the one before it, where it can be.
static bool becomes_part(ImportedLayer& layer, ImportedLayer& before) {
  if (before.is_join() || layer.is_join()) return false;
  const auto take_bias = [&](auto* products) {
    if (products == nullptr || products->bias) return false;
    products->bias = true;
    before.tensors.push_back({"bias", std::move(layer.tensors[1].values)});
    return true;
  };
  if (layer.is_shift) {
    return take_bias(std::get_if<Conv2d>(&before.layer)) ||
           take_bias(std::get_if<ConvTranspose2d>(&before.layer)) ||
           take_bias(std::get_if<Linear>(&before.layer));
  }
  if (layer.as<ReLU6>() == nullptr || before.as<ReLU>() == nullptr) return false;
  before.layer = ReLU6{};
  return true;
}

int ImportedNetwork::input(Shape shape) {
  for (const std::size_t n : {shape.channels, shape.height, shape.width}) {
    if (n == 0 || n > most_side) fail("input", "has the shape ", shape_text(shape));
  }
  checked_product({shape.channels, shape.height, shape.width}, text(file_, ": the input's size"),
                  most_elements);
  values_.push_back({shape, shape});
  return static_cast<int>(values_.size()) - 1;
}

bool ImportedNetwork::reshape_input(Shape shape) {
  if (values_.size() != 1 || shape.elements() != values_[0].shape.elements()) return false;
  values_.clear();
  input(shape);
  return true;
}

std::vector<int> ImportedNetwork::uses() const {
  std::vector<int> uses(values_.size());
  ++uses[static_cast<std::size_t>(output_)];
  for (const ImportedLayer& l : layers_) {
    for (const int x : l.inputs()) ++uses[static_cast<std::size_t>(x)];
  }
  return uses;
}

// x * sigmoid(x), where nobody else takes the sigmoid.
void ImportedNetwork::join_gates() {
  const std::vector<int> used = uses();
  std::vector<bool> gone(layers_.size());
  for (ImportedLayer& l : layers_) {
    if (l.join != ImportedLayer::product) continue;
    for (const auto& [x, gate] : {std::pair(l.x, l.others[0]), std::pair(l.others[0], l.x)}) {
      const ImportedLayer* made = maker(gate);
      if (made == nullptr || made->is_join() || made->x != x) continue;
      if (used[static_cast<std::size_t>(gate)] != 1) continue;
      const bool soft = made->as<Sigmoid>() != nullptr;
      if (!soft && made->as<Hardsigmoid>() == nullptr) continue;
      gone[static_cast<std::size_t>(at(gate).maker)] = true;
      l.x = x;
      l.others.clear();
      l.join = ImportedLayer::nothing;
      l.layer = soft ? AnyLayer(SiLU{}) : AnyLayer(Hardswish{});
      break;
    }
  }
  std::vector<ImportedLayer> kept;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    if (gone[i]) continue;
    values_[static_cast<std::size_t>(layers_[i].y)].maker = static_cast<int>(kept.size());
    kept.push_back(std::move(layers_[i]));
  }
  layers_ = std::move(kept);
}

void ImportedNetwork::set_output(int value) {
  output_ = plain(value);
  join_gates();
  const std::vector<int> uses = this->uses();
  std::vector<ImportedLayer> kept;
  for (ImportedLayer& l : layers_) {
    Value& y = values_[static_cast<std::size_t>(l.y)];
    const int before = at(l.x).maker;
    if (before != none && uses[static_cast<std::size_t>(l.x)] == 1 &&
        becomes_part(l, kept[static_cast<std::size_t>(before)])) {
      kept[static_cast<std::size_t>(before)].y = l.y;
      y.maker = before;
    } else {
      y.maker = static_cast<int>(kept.size());
      kept.push_back(std::move(l));
    }
  }
  layers_ = std::move(kept);
}

int ImportedNetwork::pad(const std::string& name, int x, Padding p) {
  if (!p.any()) return x;
  const Padding& inside = at(x).padding;
  Value v = at(unpadded(x));
  v.of = unpadded(x);
  v.padding = {p.top + inside.top, p.left + inside.left, p.bottom + inside.bottom,
               p.right + inside.right};
  v.pad_name = name;
  v.maker = none;
  values_.push_back(v);
  return static_cast<int>(values_.size()) - 1;
}

int ImportedNetwork::plain(int x) {
  if (at(x).of == none || at(x).with_zeros != none) return at(x).of == none ? x : at(x).with_zeros;
  const Padding p = at(x).padding;
  const int y = append({.name = at(x).pad_name,
                        .x = at(x).of,
                        .layer = ZeroPad2d{{p.left, p.right, p.top, p.bottom}}});
  return values_[static_cast<std::size_t>(x)].with_zeros = y;
}

int ImportedNetwork::with_padding(const std::string& name, int x, Pair kernel_size, Pair stride,
                                  Pair dilation, Padding& p) {
  const Padding& before = at(x).padding;
  const Padding all{p.top + before.top, p.left + before.left, p.bottom + before.bottom,
                    p.right + before.right};
  bool fits = true;
  extra(shape(x).height, all.top, all.bottom, reach(kernel_size.height, dilation.height),
        stride.height, fits);
  extra(shape(x).width, all.left, all.right, reach(kernel_size.width, dilation.width), stride.width,
        fits);
  if (fits) return x;
  p = {};
  return plain(pad(name, unpadded(x), all));
}

Pair ImportedNetwork::padded(int x) const {
  const Padding& p = at(x).padding;
  return {shape(x).height + p.top + p.bottom, shape(x).width + p.left + p.right};
}

const ImportedLayer* ImportedNetwork::maker(int x) const {
  const int index = at(x).maker;
  return index == none ? nullptr : &layers_[static_cast<std::size_t>(index)];
}

// What made x never makes numbers below zero.
bool ImportedNetwork::is_non_negative(int x) const {
  const ImportedLayer* l = maker(x);
  if (l == nullptr) return false;
  if (const Hardtanh* clip = l->as<Hardtanh>()) return clip->min_val >= 0;
  return l->as<ReLU>() != nullptr || l->as<ReLU6>() != nullptr || l->as<Sigmoid>() != nullptr ||
         l->as<Hardsigmoid>() != nullptr || l->as<Softmax>() != nullptr;
}

Shape ImportedNetwork::check_window(const std::string& name, int x, const Window& w,
                                    std::size_t channels) const {
  for (const std::size_t n : {w.kernel_size.height, w.kernel_size.width, w.stride.height,
                              w.stride.width, w.dilation.height, w.dilation.width}) {
    if (n == 0 || n > most_side)
      fail(name, "kernel, stride and dilation must be from 1 to ", most_side);
  }
  for (const std::size_t n :
       {w.padding.height, w.padding.width, w.extra_padding.height, w.extra_padding.width}) {
    if (n > most_side) fail(name, "a padding of ", n, " is too large");
  }
  const Shape y = w.output(shape(x), channels);
  if (y.height == 0 || y.width == 0) {
    fail(name, "the kernel of ", w.kernel_size.height, "x", w.kernel_size.width,
         " is larger than its padded input of ", w.padded(shape(x)).height, "x",
         w.padded(shape(x)).width);
  }
  return y;
}

// What was flattened isn't an image any more: its channels lie in another order.
void ImportedNetwork::check_image(const std::string& name, int x) const {
  if (shape(x) == layout(x)) return;
  fail(name, "takes an image, but its input is one that was flattened");
}

int ImportedNetwork::conv2d(const std::string& name, int x, const Window& w, std::size_t groups,
                            std::vector<float> weight, std::vector<float> bias) {
  check_image(name, x);
  const std::size_t in = shape(x).channels;
  if (groups == 0 || in % groups != 0) {
    fail(name, "has ", in, " input channels, which ", groups, " groups don't divide");
  }
  check_window(name, x, w, 1);
  const std::size_t of_output =
      checked_product({in / groups, w.kernel_size.height, w.kernel_size.width},
                      text(file_, ": ", name, ": an output's weights"), most_parameters);
  const std::size_t outputs = weight.size() / of_output;
  if (outputs == 0 || weight.size() % of_output != 0 || outputs % groups != 0) {
    fail(name, "has ", weight.size(), " weights, but an output channel takes ", of_output, " of ",
         in, " input channels in ", groups, " groups");
  }
  if (!bias.empty() && bias.size() != outputs) {
    fail(name, "has ", outputs, " output channels, but a bias of ", bias.size());
  }
  ImportedLayer layer{.name = name, .x = unpadded(x)};
  layer.layer = Conv2d{.out_channels = outputs,
                       .kernel_size = w.kernel_size,
                       .stride = w.stride,
                       .padding = w.padding,
                       .dilation = w.dilation,
                       .groups = groups,
                       .bias = !bias.empty(),
                       .extra_padding = w.extra_padding};
  layer.tensors.push_back({"weight", std::move(weight)});
  if (!bias.empty()) layer.tensors.push_back({"bias", std::move(bias)});
  return append(std::move(layer));
}

int ImportedNetwork::conv_transpose2d(const std::string& name, int x, const ConvTranspose2d& l,
                                      std::vector<float> weight, std::vector<float> bias) {
  x = plain(x);
  check_image(name, x);
  const Shape in = shape(x);
  for (const std::size_t n :
       {l.kernel_size.height, l.kernel_size.width, l.stride.height, l.stride.width,
        l.dilation.height, l.dilation.width, l.padding.height, l.padding.width,
        l.output_padding.height, l.output_padding.width, l.extra_padding.height,
        l.extra_padding.width, l.groups, l.out_channels}) {
    if (n > most_side) fail(name, "has a size of ", n, ", but at most ", most_side, " is expected");
  }
  const Pair reached = l.whole(in);
  for (const std::size_t n : {reached.height, reached.width}) {
    if (n > most_side) fail(name, "makes a side of ", n, ", but at most ", most_side, " is read");
  }
  const std::size_t per_input =
      checked_product({l.groups == 0 ? 0 : l.out_channels / l.groups, l.kernel_size.area()},
                      text(file_, ": ", name, ": an input's weights"), most_parameters);
  if (per_input == 0 || weight.size() / per_input != in.channels ||
      weight.size() % per_input != 0) {
    fail(name, "has ", weight.size(), " weights, but each of ", in.channels,
         " input channels takes ", per_input);
  }
  if (!bias.empty() && bias.size() != l.out_channels) {
    fail(name, "has ", l.out_channels, " output channels, but a bias of ", bias.size());
  }
  ImportedLayer layer{.name = name, .x = x};
  layer.layer = l;
  std::get<ConvTranspose2d>(layer.layer).bias = !bias.empty();
  layer.tensors.push_back({"weight", std::move(weight)});
  if (!bias.empty()) layer.tensors.push_back({"bias", std::move(bias)});
  return append(std::move(layer));
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
  ImportedLayer layer{.name = name, .x = x};
  layer.layer = Linear{.out_features = outputs, .bias = !bias.empty()};
  layer.tensors.push_back({"weight", std::move(weight)});
  if (!bias.empty()) layer.tensors.push_back({"bias", std::move(bias)});
  return append(std::move(layer));
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
  if (!(eps > 0) || !std::isfinite(eps)) {
    fail(name, "epsilon is ", eps, ", but must be positive and finite");
  }
  ImportedLayer layer{.name = name, .x = x};
  layer.layer = BatchNorm2d{.eps = eps};
  layer.tensors = std::move(tensors);
  return append(std::move(layer));
}

int ImportedNetwork::scale_and_shift(const std::string& name, int x, std::vector<float> scale,
                                     std::vector<float> shift) {
  const std::size_t channels = shape(x).channels;
  checked_product({4, channels}, text(file_, ": ", name, ": its parameters"), most_parameters);
  check_room(name, 4 * channels);
  const bool is_shift = scale.empty();
  const auto filled = [&](std::vector<float> v, float otherwise) {
    if (v.empty()) v = {otherwise};
    if (v.size() == 1) v.assign(channels, v[0]);
    return v;
  };
  constexpr float eps = 1e-5f;
  const int y = batch_norm(name, x, eps,
                           {{"weight", filled(std::move(scale), 1)},
                            {"bias", filled(std::move(shift), 0)},
                            {"running_mean", filled({}, 0)},
                            {"running_var", filled({}, 1 - eps)}});
  layers_.back().is_shift = is_shift;
  return y;
}

// A stride of 0 means the kernel's size.
static Pair pool_stride(const Window& w) { return w.stride == w.kernel_size ? Pair(0) : w.stride; }

int ImportedNetwork::max_pool(const std::string& name, int x, const Window& w) {
  check_image(name, x);
  check_window(name, x, w, 1);
  if (at(x).padding.any() && !is_non_negative(unpadded(x))) {
    fail(at(x).pad_name,
         "zeros before a max pool can't be its padding, which never wins, unless a "
         "ReLU comes before");
  }
  ImportedLayer layer{.name = name, .x = unpadded(x)};
  layer.layer = MaxPool2d{w.kernel_size, pool_stride(w), w.padding, w.dilation, w.extra_padding};
  return append(std::move(layer));
}

int ImportedNetwork::avg_pool(const std::string& name, int x, const Window& w,
                              bool count_include_pad, bool pads) {
  check_image(name, x);
  check_window(name, x, w, 1);
  const bool padded_before = at(x).padding.any();
  if (padded_before && pads && !count_include_pad) {
    fail(at(x).pad_name,
         "zeros before an average pool with padding that it doesn't count isn't supported");
  }
  if (w.dilation != Pair(1)) fail(name, "a dilated average pool isn't supported");
  const bool global =
      w.kernel_size == Pair(shape(x).height, shape(x).width) && w.padded(shape(x)) == w.kernel_size;
  ImportedLayer layer{.name = name, .x = unpadded(x)};
  // Without padding there is none to be counted.
  const bool pads_at_all = w.padding != Pair(0) || w.extra_padding != Pair(0);
  const bool counts = count_include_pad || padded_before || !pads_at_all;
  layer.layer = GlobalAvgPool2d{};
  if (!global) {
    layer.layer = AvgPool2d{w.kernel_size, pool_stride(w), w.padding, counts, w.extra_padding};
  }
  return append(std::move(layer));
}

int ImportedNetwork::global_avg_pool(const std::string& name, int x) {
  return avg_pool(name, x, window(name, x, padded(x), 1, 1, {}), true);
}

int ImportedNetwork::activation(const std::string& name, const AnyLayer& layer, int x) {
  return append({.name = name, .x = plain(x), .layer = layer});
}

int ImportedNetwork::prelu(const std::string& name, int x, const std::vector<float>& slopes) {
  if (slopes.empty()) fail(name, "has no slope");
  const bool same =
      std::all_of(slopes.begin(), slopes.end(), [&](float s) { return s == slopes[0]; });
  if (same && slopes[0] > 0 && std::isfinite(slopes[0])) {
    return activation(name, LeakyReLU{slopes[0]}, x);
  }
  ImportedLayer layer{.name = name, .x = plain(x)};
  layer.layer = PReLU{.num_parameters = same ? 1 : slopes.size()};
  layer.tensors.push_back({"weight", {slopes.begin(), same ? slopes.begin() + 1 : slopes.end()}});
  return append(std::move(layer));
}

int ImportedNetwork::upsample(const std::string& name, int x, Upsample layer) {
  x = plain(x);
  const Shape in = shape(x);
  const Pair factor = {layer.size.height / in.height, layer.size.width / in.width};
  if (layer.size == Pair(factor.height * in.height, factor.width * in.width)) {
    layer.size = 0;
    layer.scale_factor = factor;
  }
  return activation(name, layer, x);
}

int ImportedNetwork::add(const std::string& name, int a, int b) {
  a = plain(a), b = plain(b);
  if (shape(a) != shape(b)) {
    fail(name, "adds ", shape_text(shape(a)), " and ", shape_text(shape(b)),
         ", but only equal shapes can be added");
  }
  if (layout(a) != layout(b)) {
    fail(name, "adds a flattened ", shape_text(layout(a)), " and a flattened ",
         shape_text(layout(b)), ", whose numbers lie in different orders");
  }
  return append_join({.name = name, .x = a, .others = {b}, .join = ImportedLayer::sum});
}

int ImportedNetwork::multiply(const std::string& name, int a, int b) {
  return append_join(
      {.name = name, .x = plain(a), .others = {plain(b)}, .join = ImportedLayer::product});
}

int ImportedNetwork::concat(const std::string& name, const std::vector<int>& inputs) {
  if (inputs.empty()) fail(name, "joins nothing");
  ImportedLayer layer{.name = name, .x = plain(inputs[0]), .join = ImportedLayer::concat};
  for (std::size_t i = 1; i < inputs.size(); ++i) layer.others.push_back(plain(inputs[i]));
  return append_join(std::move(layer));
}

// The rules of layers/join.hpp refuse it, and say what it makes.
int ImportedNetwork::append_join(ImportedLayer layer) {
  Graph g;
  Concatenation whole(g);
  const auto value = [&](int v) { return etch::Value{v, shape(v), layout(v)}; };
  etch::Value y = value(layer.x);
  if (layer.join == ImportedLayer::concat) {
    for (const int v : layer.inputs()) whole.add(value(v));
    y = whole.finish();
  } else {
    const etch::Value other = value(layer.others[0]);
    y = layer.join == ImportedLayer::sum ? lower_sum(g, y, other) : lower_product(g, y, other);
  }
  const Problem p = g.refusal().problem;
  const std::string numbers = p.is == p.wanted ? "" : text(" (", p.is, ", ", p.wanted, ")");
  if (p.found()) fail(layer.name, p.sentence, numbers);
  return append(std::move(layer), y.shape, y.layout);
}

int ImportedNetwork::flatten(const std::string& name, int x) {
  x = plain(x);
  if (shape(x).height * shape(x).width == 1) return x;
  return append({.name = name, .x = x, .layer = Flatten{}});
}

Window ImportedNetwork::window(const std::string& name, int x, Pair kernel_size, Pair stride,
                               Pair dilation, Padding p) const {
  const Padding& before = at(x).padding;
  p = {p.top + before.top, p.left + before.left, p.bottom + before.bottom, p.right + before.right};
  Window w{kernel_size, stride, {p.top, p.left}, dilation};
  for (const std::size_t n : {p.top, p.left, p.bottom, p.right}) {
    if (n > most_side) fail(name, "a padding of ", n, " is too large");
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
