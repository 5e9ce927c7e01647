// An imported network as a graph, and the numbers of its tensors.
#pragma once
#include "import/structure.hpp"

#include <etch/host/network/run_time_graph.hpp>

#include <vector>

namespace etch::host {

class Lowering {
 public:
  // `network` must outlive it.
  Lowering(const ImportedNetwork& network, const std::vector<Piece>& pieces);

  GraphView graph() const { return graph_.view(); }
  const Tree& tree() const { return graph_.tree(); }
  // The numbers of graph().tensors[i], in PyTorch's layout.
  const std::vector<float>& values(int i) const;

 private:
  const ImportedNetwork& network_;
  RunTimeGraph graph_;
  std::vector<int> layers_;  // of its ops
};

}  // namespace etch::host
