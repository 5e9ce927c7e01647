// A network's graph at run time.
#include <etch/host/network/run_time_graph.hpp>

#include "checked.hpp"
#include "network/names.hpp"

#include <etch/host/error.hpp>
#include <etch/host/format.hpp>

namespace etch::host {

namespace {

// The most that can be computed with; what is beyond it is refused before it is allocated.
constexpr int most_ops = 30'000;                  // a step names its op in 16 bits
constexpr std::size_t most_of_a_value = 1 << 30;  // of a value, for one image
constexpr std::size_t most_weights = 1ull << 30;  // numbers of all weights

template <class Row>
void make_room(std::vector<Row>& rows, int n) {
  rows.resize(static_cast<std::size_t>(n) + 1);
}

}  // namespace

RunTimeGraph::RunTimeGraph(const std::string& where, Tree tree, Shape input)
    : tree_(std::move(tree)) {
  checked_product({input.channels, input.height, input.width}, where + ": the size of the input",
                  most_of_a_value);
  if (input.elements() == 0) throw Error(where, ": the input has the shape ", shape_text(input));
  Graph counted;
  add_network(counted, tree_, input);
  const GraphSize size = counted.size();
  if (size.ops > most_ops) {
    throw Error(where, ": the network has ", size.ops, " layers, but at most ", most_ops,
                " can be computed with");
  }
  make_room(ops_, size.ops);
  make_room(values_, size.values);
  make_room(tensors_, size.tensors);
  make_room(scopes_, size.scopes);
  Graph g(ops_.data(), values_.data(), tensors_.data(), scopes_.data());
  const Value y = add_network(g, tree_, input);
  totals_ = g.finish(y.id);
  output_ = y.shape;
  if (g.refused()) {
    const Refusal r = g.refusal();
    const std::string at = scope_name(view(), r.scope);
    const Problem& p = r.problem;
    throw Error(where, ": ", at.empty() ? "" : at + ": ", p.sentence,
                p.is == p.wanted ? "" : text(" (", p.is, ", ", p.wanted, ")"));
  }
  check_sizes(where);
}

void RunTimeGraph::check_sizes(const std::string& where) const {
  for (int v = 0; v < totals_.size.values; ++v) {
    const Shape s = values_[static_cast<std::size_t>(v)];
    checked_product({s.channels, s.height, s.width}, where + ": the size of an activation",
                    most_of_a_value);
  }
  std::size_t all = 0;
  for (int t = 0; t < totals_.size.tensors; ++t) {
    const kernels::ConvGeometry& g = tensors_[static_cast<std::size_t>(t)].geometry;
    const std::size_t n = checked_product(
        {g.output.channels, g.window.kernel_size.height, g.window.kernel_size.width, g.inputs()},
        where + ": the size of a parameter", most_weights);
    all = checked_sum(all, n, where + ": the number of parameters", most_weights);
  }
}

GraphView RunTimeGraph::view() const {
  GraphView v{totals_};
  v.ops = ops_.data();
  v.values = values_.data();
  v.tensors = tensors_.data();
  v.scopes = scopes_.data();
  return v;
}

}  // namespace etch::host
