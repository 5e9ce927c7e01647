// ONNX's nodes that have a window: convolutions, pools and the padding before them.
#include "import/onnx_reader.hpp"

#include <etch/host/format.hpp>

#include <algorithm>
#include <cmath>

namespace etch::host {

std::size_t OnnxReader::size_of(const char* what, std::int64_t n) const {
  if (n < 0 || n > static_cast<std::int64_t>(most_side)) fail(what, " is ", n);
  return static_cast<std::size_t>(n);
}

Pair OnnxReader::pair_of(const char* name, Pair otherwise) const {
  const auto l = file_.list(*node_, name);
  if (!l) return otherwise;
  if (l->size() != 2) fail(name, " has ", l->size(), " numbers, but 2 are expected");
  return {size_of(name, (*l)[0]), size_of(name, (*l)[1])};
}

// What a pool with ceil_mode sees beyond its padding: one more position where it begins inside.
static std::size_t to_ceil(std::size_t length, std::size_t before, std::size_t after,
                           std::size_t kernel, std::size_t stride, std::size_t dilation) {
  const std::size_t span = reach(kernel, dilation), padded = length + before + after;
  if (padded < span || (padded - span) % stride == 0) return 0;
  const std::size_t start = ((padded - span) / stride + 1) * stride;
  return start >= length + before ? 0 : start + span - padded;
}

OnnxReader::Kernel OnnxReader::kernel(Pair size) const {
  Kernel k{.size = size, .stride = pair_of("strides", 1), .dilation = pair_of("dilations", 1)};
  if (size.height == 0 || size.width == 0) fail("has a kernel without a size");
  if (k.stride.height == 0 || k.stride.width == 0) fail("has a stride of 0");
  k.padding = padding(k);
  if (file_.integer(*node_, "ceil_mode", 0) == 0) return k;
  const Pair from = network_.padded(x().index);
  Padding& p = k.padding;
  const Pair more = {
      to_ceil(from.height, p.top, p.bottom, size.height, k.stride.height, k.dilation.height),
      to_ceil(from.width, p.left, p.right, size.width, k.stride.width, k.dilation.width)};
  p.bottom += more.height;
  p.right += more.width;
  k.beyond = more != Pair(0);
  return k;
}

OnnxReader::Kernel OnnxReader::pool_kernel() const {
  image();
  return kernel(pair_of("kernel_shape", 0));
}

Padding OnnxReader::padding(const Kernel& k) const {
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
  p = same_padding(network_.padded(x().index), k.size, k.stride, k.dilation);
  if (automatic == "SAME_LOWER") std::swap(p.top, p.bottom), std::swap(p.left, p.right);
  return p;
}

Window OnnxReader::window(const Kernel& k) const {
  return network_.window(name_, x().index, k.size, k.stride, k.dilation, k.padding);
}

OnnxReader::Value OnnxReader::read_conv() {
  const Sizes d = file_.dimensions(input(1));
  if (d.size() != 4 || !x().is_image()) {
    fail("a Conv of ", shape_text(d), " weights over ", dimensions_text(x()),
         " isn't supported: only over (N, C, H, W)");
  }
  const std::size_t groups = size_of("group", file_.integer(*node_, "group", 1));
  if (d[1] == 0 || groups > x().channels() || d[1] * groups != x().channels()) {
    fail("takes ", x().channels(), " channels, but the weights are ", shape_text(d), " in ", groups,
         " groups");
  }
  const Pair size = {d[2], d[3]};
  if (pair_of("kernel_shape", size) != size) {
    fail("kernel_shape isn't that of the weights, ", shape_text(d));
  }
  Kernel k = kernel(size);
  const int from = network_.with_padding(name_, x().index, size, k.stride, k.dilation, k.padding);
  const Window w = network_.window(name_, from, size, k.stride, k.dilation, k.padding);
  return as_image(network_.conv2d(name_, from, w, groups, file_.floats(input(1)), bias(2, d[0])));
}

// What is cropped before and after: where that differs, one end is padded or cropped by the rest.
static void crop(std::size_t before, std::size_t after, std::size_t& output_padding,
                 std::size_t& extra_padding) {
  const std::size_t both = std::min(output_padding + before, after);
  output_padding += before - both;
  extra_padding = after - both;
}

OnnxReader::Value OnnxReader::read_conv_transpose() {
  const Sizes d = file_.dimensions(input(1));
  if (d.size() != 4 || !x().is_image()) {
    fail("a ConvTranspose of ", shape_text(d), " weights over ", dimensions_text(x()),
         " isn't supported: only over (N, C, H, W)");
  }
  const std::string automatic = file_.word(*node_, "auto_pad", "NOTSET");
  if (file_.list(*node_, "output_shape") || (automatic != "NOTSET" && automatic != "VALID")) {
    fail(
        "a ConvTranspose is supported with pads and output_padding, not with an output_shape or "
        "with auto_pad");
  }
  const std::size_t groups = size_of("group", file_.integer(*node_, "group", 1));
  if (d[0] != x().channels()) {
    fail("takes ", x().channels(), " channels, but the weights are ", shape_text(d));
  }
  const Pair size = {d[2], d[3]};
  if (pair_of("kernel_shape", size) != size) {
    fail("kernel_shape isn't that of the weights, ", shape_text(d));
  }
  const Kernel k = kernel(size);
  const Padding& p = k.padding;
  ConvTranspose2d layer{.out_channels = d[1] * size_of("group", static_cast<std::int64_t>(groups)),
                        .kernel_size = size,
                        .stride = k.stride,
                        .padding = {p.top, p.left},
                        .output_padding = pair_of("output_padding", 0),
                        .groups = groups,
                        .dilation = k.dilation};
  crop(p.top, p.bottom, layer.output_padding.height, layer.extra_padding.height);
  crop(p.left, p.right, layer.output_padding.width, layer.extra_padding.width);
  return as_image(network_.conv_transpose2d(name_, x().index, layer, file_.floats(input(1)),
                                            bias(2, layer.out_channels)));
}

OnnxReader::Value OnnxReader::read_max_pool() {
  if (node_->output_size() > 1) fail("MaxPool's indices aren't supported");
  return as_image(network_.max_pool(name_, x().index, window(pool_kernel())));
}

OnnxReader::Value OnnxReader::read_avg_pool() {
  const bool counted = file_.integer(*node_, "count_include_pad", 0) != 0;
  const Kernel k = pool_kernel();
  if (k.beyond && counted) {
    fail("AveragePool with ceil_mode and count_include_pad isn't supported");
  }
  return as_image(network_.avg_pool(name_, x().index, window(k), counted, k.padding.any()));
}

OnnxReader::Value OnnxReader::read_global_pool() {
  return as_image(network_.global_avg_pool(name_, image().index));
}

OnnxReader::Value OnnxReader::read_mean() {
  const std::vector<std::size_t> over = axes(1);
  const bool both =
      over == std::vector<std::size_t>{2, 3} || over == std::vector<std::size_t>{3, 2};
  if (!x().is_image() || !both) {
    fail("ReduceMean of ", dimensions_text(x()), " over ", shape_text(over),
         " isn't supported: only over height and width");
  }
  Value y = read_global_pool();
  if (file_.integer(*node_, "keepdims", 1) == 0) y.dimensions.resize(1);
  return y;
}

OnnxReader::Value OnnxReader::read_pad() {
  const std::string mode = file_.word(*node_, "mode", "constant");
  if (mode != "constant" && mode != "reflect" && mode != "edge") {
    fail("Pad in the mode ", printable(mode), " isn't supported");
  }
  const bool inputs = file_.opset() >= 11;
  const auto list = inputs ? file_.integers(input(1)) : file_.list(*node_, "pads");
  if (!list) fail("a Pad has no pads");
  const std::vector<std::int64_t>& p = *list;
  if (has_input(3) || !x().is_image() || p.size() != 8 || p[0] != 0 || p[1] != 0 || p[4] != 0 ||
      p[5] != 0) {
    fail("Pad is supported over height and width of (N, C, H, W) only, but pads has ", p.size(),
         " numbers for ", dimensions_text(x()));
  }
  const float zero = !inputs        ? file_.number(*node_, "value", 0)
                     : has_input(2) ? single(2, "the constant of a Pad")
                                    : 0;
  const auto at = [&](std::size_t i) { return size_of("a padding", p[i]); };
  const Sides sides = {at(3), at(7), at(2), at(6)};
  if (mode != "constant" && sides == Sides()) return x();
  if (mode == "reflect") {
    return as_image(network_.activation(name_, ReflectionPad2d{sides}, x().index));
  }
  if (mode == "edge") {
    return as_image(network_.activation(name_, ReplicationPad2d{sides}, x().index));
  }
  if (zero != 0) fail("Pad is supported with zeros only");
  return as_image(network_.pad(name_, x().index, {at(2), at(3), at(6), at(7)}));
}

// The output's height and width: of sizes, or of scales.
Pair OnnxReader::resized() const {
  Pair y;
  const Sizes from = {1, x().channels(), x().dimensions[1], x().dimensions[2]};
  const int sizes = file_.opset() >= 11 ? 3 : 2, scales = file_.opset() >= 11 ? 2 : 1;
  const auto set = [&](std::size_t axis, std::size_t n) {
    if (axis >= 2) return void((axis == 2 ? y.height : y.width) = n);
    if (axis == 1 && n != from[1]) fail("resizes channels");
  };
  if (has_input(sizes)) {
    const std::vector<std::int64_t> all = file_.integers(input(sizes));
    if (all.size() != 4) fail("sizes are expected to be 4");
    for (std::size_t axis = 1; axis < 4; ++axis) set(axis, size_of("a size", all[axis]));
    return y;
  }
  const std::vector<float> all = file_.floats(input(scales));
  if (all.size() != 4) fail("scales are expected to be 4");
  for (std::size_t axis = 0; axis < 4; ++axis) {
    const double n = std::floor(static_cast<double>(from[axis]) * double{all[axis]});
    if (!(n >= 0 && n <= most_side)) fail("a scale is ", all[axis]);
    set(axis, static_cast<std::size_t>(n));
    // Places are computed of the scale, and not of the sizes.
    if (static_cast<double>(from[axis]) * double{all[axis]} != n) {
      fail("a scale of ", all[axis], " of a side of ", from[axis],
           " isn't supported: it isn't whole");
    }
  }
  return y;
}

OnnxReader::Value OnnxReader::read_resize() {
  image();
  const bool is_upsample = node_->op_type() == "Upsample";
  if (file_.opset() < 10 && !is_upsample) fail("a Resize is there since opset 10");
  const std::string mode = file_.word(*node_, "mode", "nearest");
  // As it was before opset 11, and of Upsample.
  const bool old = is_upsample || file_.opset() < 11;
  const std::string places =
      old ? "asymmetric" : file_.word(*node_, "coordinate_transformation_mode", "half_pixel");
  const std::string rounding =
      old ? "floor" : file_.word(*node_, "nearest_mode", "round_prefer_floor");
  const Pair to = resized();
  Upsample layer{.size = to, .mode = Interpolation::bilinear};
  const bool half =
      places == "half_pixel" || (places == "pytorch_half_pixel" && to.height > 1 && to.width > 1);
  if (mode == "nearest" && places == "asymmetric" && rounding == "floor") {
    layer.mode = Interpolation::nearest;
  } else if (mode == "linear" && places == "align_corners") {
    layer.align_corners = true;
  } else if (mode != "linear" || !half) {
    fail(node_->op_type(), " by ", printable(mode), " with ", printable(places), " and ",
         printable(rounding), " isn't supported");
  }
  return as_image(network_.upsample(name_, x().index, layer));
}

}  // namespace etch::host
