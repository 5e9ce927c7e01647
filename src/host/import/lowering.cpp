// An imported network as a graph.
#include "import/lowering.hpp"

namespace etch::host {

Lowering::Lowering(const ImportedNetwork& network, const std::vector<Piece>& pieces)
    : network_(network),
      graph_(network.file(), tree_of(network, pieces), network.shape(0)),
      layers_(layers_in_order(network, pieces)) {}

const std::vector<float>& Lowering::values(int i) const {
  const Tensor& t = graph().tensors[i];
  const int index = layers_[static_cast<std::size_t>(t.op)];
  for (const ImportedTensor& own : network_.layers()[static_cast<std::size_t>(index)].tensors) {
    if (own.name == t.name) return own.values;
  }
  throw Error(network_.file(), ": a layer has no ", t.name);
}

}  // namespace etch::host
