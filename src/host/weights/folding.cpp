// Batch norms folded into the weights before them.
#include "weights/folding.hpp"

#include "network/names.hpp"

#include <etch/folded.hpp>
#include <etch/host/error.hpp>

#include <algorithm>
#include <cmath>

namespace etch::host {

namespace {

std::size_t count(int n) { return static_cast<std::size_t>(n); }

// The numbers of a layout's tensors by name.
class Numbers {
 public:
  Numbers(const ParameterLayout& layout, const float* values) : layout_(layout), values_(values) {}

  std::size_t index(const std::string& name) const {
    const auto at = std::find(layout_.names.begin(), layout_.names.end(), name);
    return static_cast<std::size_t>(at - layout_.names.begin());
  }
  bool has(const std::string& name) const { return index(name) < layout_.names.size(); }
  // `size` of them, or an Error: layouts come from files.
  const float* at(const std::string& name, std::size_t size) const {
    const std::size_t i = index(name);
    if (i == layout_.names.size() || layout_.tensors[i].size() != size) {
      throw Error("the network has no ", name, " of ", size, " numbers");
    }
    return values_ + layout_.offsets[i];
  }

 private:
  const ParameterLayout& layout_;
  const float* values_;
};

std::string joined(const std::string& op, const char* tensor) {
  return op.empty() ? tensor : op + "." + tensor;
}

// y = norm(w x + b) = (w scale) x + (b - mean) scale + bias, a channel at a time.
void fold_norm(const FoldedNorm& norm, const Numbers& numbers, const ParameterLayout& to,
               float* values) {
  const Numbers folded(to, values);
  const std::string weight_name = joined(norm.into, "weight");
  const std::size_t w = folded.index(weight_name), b = folded.index(joined(norm.into, "bias"));
  if (w == to.names.size() || b == to.names.size()) {
    throw Error("the network has no ", weight_name, " with a bias");
  }
  const kernels::ConvGeometry& g = to.tensors[w].geometry;
  const std::size_t channels = g.output.channels;
  const float* weight = numbers.at(weight_name, g.weights());
  const auto each = [&](const std::string& op, const char* name) {
    const std::string full = joined(op, name);
    return numbers.has(full) ? numbers.at(full, channels) : nullptr;
  };
  const float* bias = each(norm.into, "bias");
  const float* gamma = each(norm.norm, "weight");
  const float* beta = each(norm.norm, "bias");
  const float* mean = numbers.at(joined(norm.norm, "running_mean"), channels);
  const float* var = numbers.at(joined(norm.norm, "running_var"), channels);
  folded.at(joined(norm.into, "bias"), channels);
  const Pair kernel = g.window.kernel_size;
  for (std::size_t o = 0; o < channels; ++o) {
    const double scale = (gamma ? gamma[o] : 1.0) / std::sqrt(double{var[o]} + norm.eps);
    const double sum = (bias ? bias[o] : 0.0) - double{mean[o]};
    values[to.offsets[b] + o] = static_cast<float>(sum * scale + (beta ? beta[o] : 0.0));
    for (std::size_t i = 0; i < g.inputs(); ++i) {
      for (std::size_t u = 0; u < kernel.height; ++u) {
        for (std::size_t v = 0; v < kernel.width; ++v) {
          const std::size_t at = g.weight_index(o, i, u, v);
          values[to.offsets[w] + at] = static_cast<float>(weight[at] * scale);
        }
      }
    }
  }
}

}  // namespace

FoldedLayout folded_layout_of(GraphView graph) {
  std::vector<int> partners(count(graph.size.ops) + 1), uses(count(graph.size.values)),
      producers(count(graph.size.values));
  NormFolding folding(graph, {partners.data(), uses.data(), producers.data()});
  FoldedLayout folded;
  for (int i = 0; i < graph.size.ops; ++i) {
    if (folding.norm_of(i) == none) continue;
    const int norm = folding.norm_of(i);
    folded.norms.push_back(
        {op_name(graph, i), op_name(graph, norm), graph.ops[norm].attributes.eps});
  }
  // A bias more for each of them at most.
  std::vector<Op> ops(partners.size());
  std::vector<Shape> values(uses.size());
  std::vector<Tensor> tensors(count(graph.size.tensors) + partners.size());
  Graph g(ops.data(), values.data(), tensors.data(), nullptr);
  GraphView view{folding.lower(g)};
  view.ops = ops.data();
  view.values = values.data();
  view.tensors = tensors.data();
  view.scopes = graph.scopes;
  folded.layout = layout_of(view);
  return folded;
}

Block<float> fold(const ParameterLayout& from, const float* values, const FoldedLayout& to) {
  const Numbers numbers(from, values);
  Block<float> all = Block<float>::zeros(to.layout.total);
  for (const TensorPlace& p : to.layout.places(all.data())) {
    if (!numbers.has(p.name)) continue;  // a bias that a layer hadn't
    std::copy_n(numbers.at(p.name, p.tensor->size()), p.tensor->size(), p.values);
  }
  for (const FoldedNorm& norm : to.norms) fold_norm(norm, numbers, to.layout, all.data());
  return all;
}

}  // namespace etch::host
