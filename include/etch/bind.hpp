// Kernels that have an op's attributes as constants: what the programs that the compiler makes run.
// A graph's own kernels read the attributes as they run.
#pragma once
#include <etch/graph.hpp>

#include <array>
#include <utility>

namespace etch {

// An op with its attributes as constants: no program that the compiler makes reads them as it runs.
// Another specialisation has kernels of its own (layers/convolution.hpp).
template <Compute forward, Compute backward, Compute fold, Attributes attributes>
struct Bound {
  template <Compute compute>
  static void run(const Call& c) {
    compute(c, attributes);
  }
  static constexpr OpKernels kernels_of(const Op& op, KernelUse use) {
    return {.forward = run<forward>,
            .backward = run<backward>,
            .fold = run<fold>,
            .forward_scratch = op.forward_scratch(op.attributes, use),
            .backward_scratch = op.backward_scratch(op.attributes, use)};
  }
};

// The ops of a network with kernels of their own: what the compiler's programs are made of.
template <class Net, std::size_t... i>
constexpr auto bind(std::index_sequence<i...>) {
  using KernelsOf = decltype(Op::kernels_of);
  constexpr KernelsOf bound[sizeof...(i) + 1] = {
      Bound<Net::graph.ops[i].forward, Net::graph.ops[i].backward, Net::graph.ops[i].fold,
            Net::graph.ops[i].attributes>::kernels_of...};
  std::array<Op, sizeof...(i) + 1> ops{};
  for (std::size_t op = 0; op < sizeof...(i); ++op) {
    ops[op] = Net::graph.ops[op];
    ops[op].kernels_of = bound[op];
  }
  return ops;
}
template <class Net>
inline constexpr auto bound_ops =
    bind<Net>(std::make_index_sequence<static_cast<std::size_t>(Net::graph.size.ops)>());
template <class Net>
inline constexpr GraphView bound_graph = [] {
  GraphView graph = Net::graph;
  graph.ops = bound_ops<Net>.data();
  return graph;
}();

}  // namespace etch
