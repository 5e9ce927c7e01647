// The graph that the compiler will make of an imported network, made at run time: where its tensors
// lie, and what they are called.
#pragma once
#include "import/structure.hpp"

#include <etch/graph.hpp>

#include <vector>

namespace etch::host {

// Without kernels: a graph to be looked at, not to be run. Its tables live as long as it does.
class Lowering {
 public:
  Lowering(const ImportedNetwork& network, const std::vector<Piece>& pieces);
  Lowering(const Lowering&) = delete;
  Lowering& operator=(const Lowering&) = delete;

  GraphView graph() const { return view_; }
  // The numbers of graph().tensors[i], in PyTorch's layout.
  const std::vector<float>& values(int i) const;

 private:
  Value chain(Graph& g, const std::vector<Piece>& pieces, Value x);
  Value piece(Graph& g, const Piece& piece, Value x);
  Value residual(Graph& g, const Piece& piece, Value x);
  Value layer(Graph& g, int index, Value x);

  const ImportedNetwork& network_;
  std::vector<Op> ops_;
  std::vector<Shape> values_;
  std::vector<Tensor> tensors_;
  std::vector<Scope> scopes_;
  std::vector<int> layers_;  // of ops_
  GraphView view_{};
};

}  // namespace etch::host
