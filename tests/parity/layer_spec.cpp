// Specifications of layers. See torch.hpp.
#include "torch.hpp"

#include <utility>

namespace parity {

LayerSpec of_kind(LayerSpec s, std::string kind) {
  s.kind = std::move(kind);
  return s;
}
LayerSpec conv2d(LayerSpec s) { return of_kind(std::move(s), "conv2d"); }
LayerSpec conv_transpose2d(LayerSpec s) { return of_kind(std::move(s), "conv_transpose2d"); }
LayerSpec linear(std::size_t in, std::size_t out, bool bias) {
  LayerSpec s;
  s.kind = "linear";
  s.in = in;
  s.out = out;
  s.bias = bias;
  return s;
}
LayerSpec batch_norm2d(LayerSpec s) { return of_kind(std::move(s), "batch_norm2d"); }
LayerSpec batch_norm1d(LayerSpec s) { return of_kind(std::move(s), "batch_norm1d"); }
LayerSpec max_pool2d(LayerSpec s) { return of_kind(std::move(s), "max_pool2d"); }
LayerSpec avg_pool2d(LayerSpec s) { return of_kind(std::move(s), "avg_pool2d"); }
LayerSpec leaky_relu(double slope) {
  LayerSpec s;
  s.kind = "leaky_relu";
  s.slope = slope;
  return s;
}
LayerSpec elu(double alpha) {
  LayerSpec s = leaky_relu(alpha);
  s.kind = "elu";
  return s;
}
LayerSpec hardtanh(double low, double high) {
  LayerSpec s = leaky_relu(low);
  s.kind = "hardtanh";
  s.value = high;
  return s;
}
LayerSpec prelu(std::size_t slopes, double init) {
  LayerSpec s = leaky_relu(init);
  s.kind = "prelu";
  s.in = slopes;
  return s;
}
LayerSpec pad(Two extra, double value) {
  LayerSpec s;
  s.kind = "pad";
  s.extra = extra;
  s.value = value;
  return s;
}
LayerSpec simple(std::string kind) { return of_kind({}, std::move(kind)); }
LayerSpec border(std::string how, std::array<std::size_t, 4> sides) {
  LayerSpec s = of_kind({}, "border, " + how);
  s.padding = {sides[0], sides[1]};
  s.extra = {sides[2], sides[3]};
  return s;
}
LayerSpec upsample(std::string how, Two size) {
  LayerSpec s = of_kind({}, "upsample, " + how);
  s.kernel = size;
  return s;
}
LayerSpec sequential(std::vector<LayerSpec> children) {
  LayerSpec s;
  s.kind = "sequential";
  s.children = std::move(children);
  return s;
}
LayerSpec residual(LayerSpec body, LayerSpec shortcut) {
  LayerSpec s;
  s.kind = "residual";
  s.children = {std::move(body), std::move(shortcut)};
  return s;
}
LayerSpec joined(std::string kind, std::vector<LayerSpec> branches) {
  LayerSpec s;
  s.kind = std::move(kind);
  s.children = std::move(branches);
  return s;
}
LayerSpec add(std::vector<LayerSpec> branches) { return joined("add", std::move(branches)); }
LayerSpec multiply(std::vector<LayerSpec> branches) {
  return joined("multiply", std::move(branches));
}
LayerSpec concat(std::vector<LayerSpec> branches) { return joined("concat", std::move(branches)); }
LayerSpec save(std::size_t number) {
  LayerSpec s;
  s.kind = "save";
  s.in = number;
  return s;
}
LayerSpec with_saved(std::string how, std::size_t number) {
  LayerSpec s;
  s.kind = "with saved, " + how;
  s.in = number;
  return s;
}
LayerSpec frozen(LayerSpec child) {
  LayerSpec s;
  s.kind = "frozen";
  s.children = {std::move(child)};
  return s;
}

}  // namespace parity
