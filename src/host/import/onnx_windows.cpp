// ONNX's nodes that have a window: convolutions, pools and the padding before them.
#include "import/onnx_reader.hpp"

#include <etch/host/format.hpp>

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
  const Window w = window(kernel(size));
  return as_image(
      network_.conv2d(name_, x().index, w, groups, file_.floats(input(1)), bias(2, d[0])));
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
  if (file_.word(*node_, "mode", "constant") != "constant") {
    fail("Pad is supported with zeros only");
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
  if (zero != 0) fail("Pad is supported with zeros only");
  const auto at = [&](std::size_t i) { return size_of("a padding", p[i]); };
  return as_image(network_.pad(name_, x().index, {at(2), at(3), at(6), at(7)}));
}

}  // namespace etch::host
