// A network's graph at run time: of a tree, at any input shape. It is the graph that the compiler
// makes of the same value, field by field; its kernels read their sizes as they run.
#pragma once
#include <etch/graph.hpp>
#include <etch/host/network/tree.hpp>

#include <string>
#include <vector>

namespace etch::host {

// A graph at run time, with its tables. Nothing changes them after construction: several threads
// may read.
class RunTimeGraph {
 public:
  // Throws an Error where a layer can't take its input, "WHERE: layer4.2.fc: Linear: in_features
  // must equal the size of the input (784, 5408)", and where the network is larger than can be
  // computed with. `where` is the file, or the option, that the network comes from.
  RunTimeGraph(const std::string& where, Tree tree, Shape input);
  RunTimeGraph(const RunTimeGraph&) = delete;
  RunTimeGraph& operator=(const RunTimeGraph&) = delete;

  // Its tables live as long as this does.
  GraphView view() const;
  // The layers that it was made of.
  const Tree& tree() const { return tree_; }
  // Of one image.
  Shape output() const { return output_; }

 private:
  void check_sizes(const std::string& where) const;

  Tree tree_;
  GraphTotals totals_{};
  Shape output_{};
  std::vector<Op> ops_;
  std::vector<Shape> values_;
  std::vector<Tensor> tensors_;
  std::vector<Scope> scopes_;
};

}  // namespace etch::host
