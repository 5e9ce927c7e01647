// Where the tensors of a network lie in its Parameters.
#include <etch/host/weights/parameter_layout.hpp>

#include "network/names.hpp"

#include <etch/topology.hpp>

namespace etch::host {

std::vector<TensorPlace> ParameterLayout::places(float* values) const {
  std::vector<TensorPlace> all;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    all.push_back({names[i], &tensors[i], values == nullptr ? nullptr : values + offsets[i]});
  }
  return all;
}

ParameterLayout layout_of(GraphView graph) {
  ParameterLayout layout;
  layout.topology = topology_hash(graph);
  layout.total = graph.total();
  layout.num_parameters = graph.num_parameters;
  for (int i = 0; i < graph.size.tensors; ++i) {
    const Tensor& t = graph.tensors[i];
    layout.names.push_back(tensor_name(graph, t));
    layout.tensors.push_back(t);
    layout.offsets.push_back(graph.offset_of(t));
  }
  return layout;
}

}  // namespace etch::host
