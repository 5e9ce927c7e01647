// First values of parameters and running statistics. PyTorch equivalents: each layer's
// reset_parameters(), torch.nn.init.kaiming_normal_
#pragma once
#include <etch/network.hpp>
#include <etch/random.hpp>

#include <algorithm>
#include <array>
#include <cmath>

namespace etch {

enum class Initialization : unsigned char {
  kaiming_uniform,  // PyTorch's default: weights and biases within +-1 / sqrt(fan_in)
  kaiming_normal,   // convolutions with N(0, 2 / fan_out), as torchvision's ResNets; others default
};

// Fills one tensor, as it lies in memory, in PyTorch's order of its elements: the same seed gives
// the same network whatever the layout.
inline void initialize(const Tensor& t, float* values, Generator& random, Initialization how) {
  const kernels::ConvGeometry& g = t.geometry;
  const bool normal = how == Initialization::kaiming_normal && t.rank == 4;
  const float bound = 1.0f / std::sqrt(static_cast<float>(t.fan_in));
  const std::size_t fan_out = g.output.channels * g.taps();
  const float deviation = std::sqrt(2.0f / static_cast<float>(fan_out));
  for (std::size_t o = 0; o < g.output.channels; ++o) {
    for (std::size_t i = 0; i < g.inputs(); ++i) {
      for (std::size_t u = 0; u < g.window.kernel_size.height; ++u) {
        for (std::size_t v = 0; v < g.window.kernel_size.width; ++v) {
          float x = t.initial == Initial::ones ? 1.0f : 0.0f;
          if (t.initial == Initial::uniform) {
            x = normal ? deviation * random.normal() : bound * random.uniform();
          }
          values[g.weight_index(o, i, u, v)] = x;
        }
      }
    }
  }
}

// Fills all of `parameters` (GraphView::total() floats); the alignment between is 0.
inline void initialize(GraphView graph, float* parameters, std::uint64_t seed,
                       Initialization how = Initialization::kaiming_uniform) {
  for (std::size_t i = 0; i < graph.total(); ++i) parameters[i] = 0;
  Generator random{seed};
  for (int i = 0; i < graph.size.tensors; ++i) {
    const Tensor& t = graph.tensors[i];
    initialize(t, parameters + graph.offset_of(t), random, how);
  }
}

// Of a network's graph, an image that trains holds the tensors alone.
template <class Net>
inline constexpr auto tensors_of = [] {
  std::array<Tensor, static_cast<std::size_t>(Net::graph.size.tensors)> tensors{};
  std::copy_n(Net::graph.tensors, tensors.size(), tensors.begin());
  return tensors;
}();

template <class Net>
void initialize(Parameters<Net>& parameters, std::uint64_t seed, Initialization how) {
  GraphView graph{static_cast<const GraphTotals&>(Net::graph)};
  graph.tensors = tensors_of<Net>.data();
  initialize(graph, parameters.values, seed, how);
}

}  // namespace etch
