// A network: a layer value at an input shape, with everything the compiler knows of it.
#pragma once
#include <etch/draft.hpp>
#include <etch/layers/sequential.hpp>
#include <etch/refuse.hpp>

#include <array>

namespace etch {

// Internal: the graph's tables at their exact size; at least one row each, for the language's sake.
template <GraphSize size>
struct GraphTables {
  std::array<Op, size.ops + 1> ops{};
  std::array<Shape, size.values> values{};
  std::array<Tensor, size.tensors + 1> tensors{};
  std::array<Scope, size.scopes + 1> scopes{};
  GraphTotals totals{};
  Shape output{};
  Refusal refusal{};

  constexpr GraphView view() const {
    GraphView v{totals};
    v.ops = ops.data();
    v.values = values.data();
    v.tensors = tensors.data();
    v.scopes = scopes.data();
    return v;
  }
};

// Internal: the tables of a network.
template <Layer auto net, Shape input>
constexpr GraphSize count_graph() {
  Graph g;
  add_network(g, net, input);
  return g.size();
}

// Internal: the tables of a network.
template <Layer auto net, Shape input>
constexpr auto lower_graph() {
  GraphTables<count_graph<net, input>()> t;
  Graph g(t.ops.data(), t.values.data(), t.tensors.data(), t.scopes.data());
  const Value y = add_network(g, net, input);
  t.totals = g.finish(y.id);
  t.output = y.shape;
  t.refusal = g.refusal();
  return t;
}

// Internal: the tables of a network.
template <Layer auto net, Shape input>
inline constexpr auto graph_tables = lower_graph<net, input>();

// A type: the layers `net` at an input of this shape. It has no objects; Inference, Trainer,
// Parameters and Folded take it as their argument. A layer that can't take its
// input is refused by one sentence with both numbers and the layer's name.
//
//   using LeNet = Network<lenet<10>, Shape{.channels = 1, .height = 28, .width = 28}>;
template <Layer auto net, Shape input>
struct Network {
  static_assert(input.elements() > 0, "Network: the input shape must not be empty");
#if defined(__clang__)
  static_assert(accepted<graph_tables<net, input>>());
#else
  static_assert(RefusedBy<graph_tables<net, input>>::value);
#endif

  // Its ops, tensors and names.
  static constexpr GraphView graph = graph_tables<net, input>.view();

  static constexpr Shape input_shape = input;  // of one image
  // Of one image.
  static constexpr Shape output_shape = graph_tables<net, input>.output;

  // Learned numbers, as PyTorch counts them (running statistics are buffers).
  static constexpr std::size_t num_parameters = graph.num_parameters;
  // Bytes of Parameters: learned numbers, running statistics, and the alignment between.
  static constexpr std::size_t parameter_bytes = graph.total() * sizeof(float);
  // Multiply-accumulates of one image, forward.
  static constexpr std::uint64_t macs = graph.macs;
};

// All parameters and running statistics of a network, in one block with fixed offsets. It may be
// const, in flash. Network::graph.tensors says where each tensor lies: GraphView::offset_of. They
// are in the order that the kernels read, not in PyTorch's: save() and load() (etch/host/save.hpp)
// convert.
template <class Net>
struct Parameters {
  // Trainable, frozen, running statistics; not set before initialize() or load().
  alignas(buffer_alignment) float values[Net::graph.total() > 0 ? Net::graph.total() : 1];
};

// Of Parameters only the first, which learn. The others may stay where they are, as in flash:
// Training::frozen_in_place.
template <class Net>
struct Learned {
  // As Parameters begins.
  alignas(buffer_alignment) float values[Net::graph.num_trainable];
};

}  // namespace etch
