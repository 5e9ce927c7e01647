// Initial values of parameters and running statistics. PyTorch equivalents: each layer's
// reset_parameters(), torch.nn.init.kaiming_normal_
#pragma once
#include <etch/network.hpp>
#include <etch/options.hpp>
#include <etch/random.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

namespace etch {

// Internal: what of a tensor its initial values depend on: all that the image of a program that
// trains has of it. Panels are those of ConvGeometry::weight_index; depthwise weights are one
// panel.
struct FirstValues {
  std::size_t offset;                              // floats, in Parameters
  std::size_t outputs, group_outputs, panel_most;  // a panel ends with its group
  std::size_t inputs, taps, fan_in;
  Initial initial;
  bool convolution;
  std::uint32_t fill;  // the bits of a number: 0 unless initial is filled
};
// Internal: of a tensor of the graph.
constexpr FirstValues first_values(GraphView graph, const Tensor& t) {
  const kernels::ConvGeometry& g = t.geometry;
  return {.offset = graph.offset_of(t),
          .outputs = g.output.channels,
          .group_outputs = g.depthwise() ? g.output.channels : g.outputs(),
          .panel_most = g.depthwise() ? g.output.channels : kernels::panel,
          .inputs = g.inputs(),
          .taps = g.taps(),
          .fan_in = t.fan_in,
          .initial = t.initial,
          .convolution = t.rank == 4,
          .fill = std::bit_cast<std::uint32_t>(t.fill)};
}

// Internal: fills one tensor with what next() gives, in PyTorch's order of its elements: the same
// seed gives the same network whatever the layout.
template <class Next>
[[gnu::always_inline]] inline void fill_in_order(const FirstValues& t, float* values,
                                                 const Next& next) {
  for (std::size_t first = 0, width = 0; first < t.outputs; first += width) {
    width = std::min(t.panel_most, t.group_outputs - first % t.group_outputs);
    for (std::size_t o = 0; o < width; ++o) {
      for (std::size_t i = 0; i < t.inputs; ++i) {
        for (std::size_t tap = 0; tap < t.taps; ++tap) {
          values[(tap * t.inputs + i) * width + o] = next();
        }
      }
    }
    values += width * t.inputs * t.taps;
  }
}

// Internal: see Initialization.
[[gnu::always_inline]] inline void initialize_uniform(const FirstValues& t, float* values,
                                                      Generator& random) {
  if (t.initial != Initial::uniform) {
    std::fill_n(values, t.outputs * t.inputs * t.taps,
                t.initial == Initial::ones ? 1.0f : std::bit_cast<float>(t.fill));
    return;
  }
  const float bound = 1.0f / std::sqrt(static_cast<float>(t.fan_in));
  fill_in_order(t, values, [&] { return bound * random.uniform(); });
}
// Internal: see Initialization.
[[gnu::always_inline]] inline void initialize_normal(const FirstValues& t, float* values,
                                                     Generator& random) {
  if (t.initial != Initial::uniform || !t.convolution) {
    return initialize_uniform(t, values, random);
  }
  const float deviation = std::sqrt(2.0f / static_cast<float>(t.outputs * t.taps));
  fill_in_order(t, values, [&] { return deviation * random.normal(); });
}

// Internal: one tensor.
inline void initialize_tensor(const FirstValues& t, float* values, Generator& random,
                              Initialization how) {
  how == Initialization::kaiming_normal ? initialize_normal(t, values, random)
                                        : initialize_uniform(t, values, random);
}

// Fills all of `parameters` (GraphView::total() floats); the alignment between is 0. The same seed
// gives the same numbers on every machine.
inline void initialize(GraphView graph, float* parameters, std::uint64_t seed,
                       Initialization how = Initialization::kaiming_uniform) {
  std::fill_n(parameters, graph.total(), 0.0f);
  Generator random{seed};
  for (int i = 0; i < graph.size.tensors; ++i) {
    const FirstValues t = first_values(graph, graph.tensors[i]);
    initialize_tensor(t, parameters + t.offset, random, how);
  }
}

// Internal: of all tensors of a network.
template <class Net>
inline constexpr auto first_values_of = [] {
  std::array<FirstValues, static_cast<std::size_t>(Net::graph.size.tensors)> values{};
  for (std::size_t tensor = 0; tensor < values.size(); ++tensor) {
    values[tensor] = first_values(Net::graph, Net::graph.tensors[tensor]);
  }
  return values;
}();

// Fills the parameters of a network. A program that never draws from a normal distribution has no
// code for it.
template <Initialization how, class Net>
[[gnu::cold]] void initialize(Parameters<Net>& parameters, std::uint64_t seed) {
  std::fill_n(parameters.values, Net::graph.total(), 0.0f);
  Generator random{seed};
  for (const FirstValues t :
       compact<first_values_of<Net>, &FirstValues::offset, &FirstValues::outputs,
               &FirstValues::group_outputs, &FirstValues::panel_most, &FirstValues::inputs,
               &FirstValues::taps, &FirstValues::fan_in, &FirstValues::initial,
               &FirstValues::convolution, &FirstValues::fill>) {
    initialize_tensor(t, parameters.values + t.offset, random, how);
  }
}

}  // namespace etch
