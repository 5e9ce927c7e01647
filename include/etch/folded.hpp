// A network without the batch norms that its convolutions and fully connected layers can take into
// their own weights: what firmware that only infers has in flash. Written over the graph, so that
// the etch command folds networks of files by the same lines.
#pragma once
#include <etch/network.hpp>

namespace etch {

// Internal: finds the norms that alone read the output of a convolution or fully connected layer,
// and makes the graph without them: such a layer has a bias. Names stay.
class NormFolding {
 public:
  struct Tables {
    int* partners;   // one an op: of a layer its norm, of that norm the layer, else none
    int* values;     // one a value: how many read it; then which value of the new graph it is
    int* producers;  // one a value: the op that makes it
  };

  constexpr NormFolding(GraphView graph, Tables tables) : graph_(graph), t_(tables) {
    for (int v = 0; v < graph_.size.values; ++v) t_.values[v] = 0, t_.producers[v] = none;
    for (int i = 0; i < graph_.size.ops; ++i) {
      const Op& op = graph_.ops[i];
      t_.partners[i] = none;
      t_.producers[op.y] = i;
      ++t_.values[op.x];
      if (op.skip != none) ++t_.values[op.skip];
    }
    ++t_.values[graph_.output];
    for (int i = 0; i < graph_.size.ops; ++i) {
      if (!is_foldable(graph_.ops[i])) continue;
      const int layer = t_.producers[graph_.ops[i].x];
      t_.partners[layer] = i;
      t_.partners[i] = layer;
    }
  }

  // The norm that a layer absorbs, or none.
  constexpr int norm_of(int op) const { return t_.partners[op] > op ? t_.partners[op] : none; }

  // Once: the graph without these norms, into an empty one.
  constexpr GraphTotals lower(Graph& g) {
    t_.values[0] = g.input(graph_.values[0]).id;
    const Tensor* tensor = graph_.tensors;
    for (int i = 0; i < graph_.size.ops; ++i) {
      const Op& op = graph_.ops[i];
      const Tensor* first = tensor;
      while (tensor != graph_.tensors + graph_.size.tensors && tensor->op == i) ++tensor;
      const bool folded = t_.partners[i] != none && t_.partners[i] < i;
      t_.values[op.y] = folded ? t_.values[op.x] : lower(g, i, first, tensor);
    }
    return g.finish(t_.values[graph_.output]);
  }

 private:
  // After a Flatten a norm has more numbers than the layer before it has channels.
  constexpr bool is_foldable(const Op& norm) const {
    if (norm.fusion != Fusion::norm || t_.values[norm.x] != 1) return false;
    const int layer = t_.producers[norm.x];
    return layer != none && graph_.ops[layer].fusion == Fusion::takes &&
           norm.num_buffers == 2 * graph_.values[norm.x].channels;
  }

  constexpr int lower(Graph& g, int index, const Tensor* begin, const Tensor* end) const {
    Op op = graph_.ops[index];
    const Shape shape = graph_.values[op.y];
    const bool needs_bias = norm_of(index) != none && end - begin == 1;
    if (needs_bias) op.attributes.bias = true;
    op.x = t_.values[op.x];
    if (op.skip != none) op.skip = t_.values[op.skip];
    if (!needs_bias) return g.append(op, shape, begin, end);
    const Tensor all[] = {
        *begin, Tensor::vector("bias", {shape.channels}, Initial::uniform, begin->fan_in)};
    return g.append(op, shape, all, all + 2);
  }

  GraphView graph_;
  Tables t_;
};

// Internal: room for it.
template <GraphSize size>
struct NormFoldingTables {
  int partners[size.ops + 1]{}, values[size.values]{}, producers[size.values]{};
  constexpr NormFolding::Tables view() { return {partners, values, producers}; }
};

// Internal: the size of the new graph.
template <class Net>
constexpr GraphSize count_folded() {
  NormFoldingTables<Net::graph.size> tables;
  Graph g;
  return NormFolding(Net::graph, tables.view()).lower(g).size;
}

// Internal: the new graph.
template <class Net>
constexpr auto fold_graph() {
  NormFoldingTables<Net::graph.size> tables;
  constexpr GraphSize size = count_folded<Net>();
  GraphTables<GraphSize{size.ops, size.values, size.tensors, Net::graph.size.scopes}> t;
  for (int i = 0; i < Net::graph.size.scopes; ++i) {
    t.scopes[static_cast<std::size_t>(i)] = Net::graph.scopes[i];
  }
  Graph g(t.ops.data(), t.values.data(), t.tensors.data(), t.scopes.data());
  t.totals = NormFolding(Net::graph, tables.view()).lower(g);
  t.totals.size.scopes = Net::graph.size.scopes;
  return t;
}

// Internal: the same as a constant.
template <class Net>
inline constexpr auto folded_tables = fold_graph<Net>();

// Net for inference alone, smaller and with the same outputs up to rounding. `etch embed --fold`
// writes its parameters:
//
//   static Inference<Folded<Net>> net{weights<Folded<Net>>()};
template <class Net>
struct Folded {
  // Without the norms; names stay.
  static constexpr GraphView graph = folded_tables<Net>.view();

  static constexpr Shape input_shape = Net::input_shape;    // of one image
  static constexpr Shape output_shape = Net::output_shape;  // of one image

  // Weights and biases.
  static constexpr std::size_t num_parameters = graph.num_parameters;
  // Bytes of its Parameters.
  static constexpr std::size_t parameter_bytes = graph.total() * sizeof(float);
  // Multiply-accumulates of one image.
  static constexpr std::size_t macs = graph.macs;
};

}  // namespace etch
