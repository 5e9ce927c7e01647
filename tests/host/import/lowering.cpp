// The graph of an imported network.
#include "import/lowering.hpp"

#include <etch/etch.hpp>
#include <etch/topology.hpp>

#include <catch2/catch.hpp>

using namespace etch;
using namespace etch::host;

TEST_CASE("A lowered batch norm keeps its epsilon, with which it will be folded") {
  ImportedNetwork n("m");
  const std::vector<float> v(4);
  n.set_output(n.batch_norm("", n.input({4, 3, 3}), 0.25f,
                            {{"weight", v}, {"bias", v}, {"running_mean", v}, {"running_var", v}}));
  const Lowering lowering(n, structure_of(n));
  const GraphView graph = lowering.graph();
  CHECK(graph.ops[graph.size.ops - 1].attributes.eps == 0.25f);
}

TEST_CASE(
    "A lowered network has the topology that the compiler finds, windows and slopes with it") {
  constexpr Shape in{2, 9, 9};
  constexpr MaxPool2d max{.kernel_size = 3, .stride = 2, .padding = 1};
  constexpr AvgPool2d avg{.kernel_size = 2, .stride = 1};
  constexpr AvgPool2d inside{
      .kernel_size = 2, .stride = 1, .padding = 1, .count_include_pad = false};
  using Net = Network<Sequential<max, LeakyReLU{0.2f}, avg, inside, GlobalAvgPool2d{}>{}, in>;
  ImportedNetwork n("m");
  int x = n.max_pool("", n.input(in), max.window());
  x = n.activation("", LeakyReLU{0.2f}, x);
  x = n.avg_pool("", x, avg.window(), false);  // there is no padding to be counted
  x = n.avg_pool("", x, inside.window(), false, true);
  x = n.avg_pool("", x, {.kernel_size = 5}, false);  // global
  n.set_output(x);
  const Lowering lowering(n, structure_of(n));
  CHECK(topology_hash(lowering.graph()) == topology<Net>);
}
