// Names and PyTorch layouts of a graph's tensors.
#include "network/names.hpp"

#include <etch/kernels/layout.hpp>

namespace etch::host {

std::string scope_name(GraphView graph, int scope) {
  std::string all;
  for (; scope != none; scope = graph.scopes[scope].parent) {
    const Scope& s = graph.scopes[scope];
    const std::string own = s.name != nullptr ? s.name : std::to_string(s.index);
    all = all.empty() ? own : own + "." + all;
  }
  return all;
}

std::string op_name(GraphView graph, int op) { return scope_name(graph, graph.ops[op].scope); }

std::string tensor_name(GraphView graph, const Tensor& t) {
  const std::string outer = op_name(graph, t.op);
  return outer.empty() ? t.name : outer + "." + t.name;
}

std::vector<std::size_t> torch_shape(const Tensor& t) {
  const kernels::ConvGeometry& g = t.geometry;
  const Pair kernel = g.window.kernel_size;
  const std::size_t inputs = g.inputs() * kernel.area();
  if (t.rank == 4) return {g.output.channels, g.inputs(), kernel.height, kernel.width};
  if (t.rank == 2) return {g.output.channels, inputs};
  return {inputs};
}

void from_torch(const Tensor& t, const float* torch, float* values) {
  kernels::oihw_to_panels(t.geometry, torch, values);
}

void to_torch(const Tensor& t, const float* values, float* torch) {
  kernels::panels_to_oihw(t.geometry, values, torch);
}

}  // namespace etch::host
