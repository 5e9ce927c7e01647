// A fingerprint of a network: what a file of its parameters must have been made for.
#pragma once
#include <etch/network.hpp>

#include <bit>

namespace etch {

// A hash of everything that gives parameters their place and meaning: layers, their order, shapes
// and constants (a pool's window, a norm's eps), where each tensor lies. Names are left out:
// networks that differ in nothing else take the same parameters. It is the same number for every
// compiler and machine.
class TopologyHash {
 public:
  // What is added next, in an order that is a part of the hash.
  constexpr void add(const char* text) {
    for (; *text != 0; ++text) add(static_cast<unsigned char>(*text));
  }
  constexpr void add(Shape s) { add(s.channels), add(s.height), add(s.width); }
  constexpr void add(Pair p) { add(p.height), add(p.width); }
  constexpr void add(const Window& w) {
    add(w.kernel_size), add(w.stride), add(w.padding), add(w.dilation), add(w.extra_padding);
  }
  // FNV-1a over words, each spread by the finalizer of splitmix64 (Steele, Lea, Flood 2014).
  constexpr void add(std::uint64_t word) {
    word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9u;
    word = (word ^ (word >> 27)) * 0x94D049BB133111EBu;
    hash_ = (hash_ ^ word ^ (word >> 31)) * 0x100000001B3u;
  }
  constexpr void add(const Op& op) {
    add(op.kind);
    for (const int value : {op.x, op.skip, op.y}) add(static_cast<std::uint64_t>(value + 1));
    add(op.frozen), add(op.parameters), add(op.num_parameters);
    add(op.buffers), add(op.num_buffers);
    // A convolution's window is its weight's. Without padding there is none to be counted.
    const Attributes& a = op.attributes;
    const Window w = op.fusion == Fusion::takes ? Window{} : a.geometry.window;
    const bool padded = w.padding != Pair{} || w.extra_padding != Pair{};
    add(w), add(a.count_include_pad || !padded);
    add_bits(a.eps), add_bits(a.alpha);
    if (a.sampling != kernels::Sampling::zeros) add(static_cast<std::uint64_t>(a.sampling));
    // Of activations that were there from the start the kind says the function.
    if (a.function > kernels::Function::tanh) {
      add(static_cast<std::uint64_t>(a.function)), add_bits(a.beta);
    }
  }
  constexpr void add(const Tensor& t) {
    const kernels::ConvGeometry& g = t.geometry;
    add(t.name);
    add(static_cast<std::uint64_t>(t.rank)), add(t.buffer), add(t.frozen), add(t.offset);
    add(g.input), add(g.output), add(g.groups), add(g.window);
  }
  // The hash of what was added.
  constexpr std::uint64_t value() const { return hash_; }

 private:
  constexpr void add_bits(float x) { add(std::uint64_t{std::bit_cast<std::uint32_t>(x)}); }

  std::uint64_t hash_ = 0xCBF29CE484222325u;
};

// The hash of a graph, in the compiler or at run time.
constexpr std::uint64_t topology_hash(GraphView graph) {
  TopologyHash hash;
  for (int i = 0; i < graph.size.values; ++i) hash.add(graph.values[i]);
  for (int i = 0; i < graph.size.ops; ++i) hash.add(graph.ops[i]);
  for (int i = 0; i < graph.size.tensors; ++i) hash.add(graph.tensors[i]);
  hash.add(graph.total());
  return hash.value();
}

// The hash of a network.
template <class Net>
inline constexpr std::uint64_t topology = topology_hash(Net::graph);

}  // namespace etch
