// The graph of an imported network.
#include "import/lowering.hpp"

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
  CHECK(graph.ops[graph.size.ops - 1].eps == 0.25f);
}
