// A network as nested modules: names, shapes and sums.
#include "network/modules.hpp"

#include <etch/etch.hpp>
#include <etch/host/network/models.hpp>

#include <catch2/catch.hpp>

using namespace etch;
using namespace etch::host;

namespace {

const ModuleRow& find(const std::vector<ModuleRow>& rows, const std::string& label) {
  for (const ModuleRow& r : rows) {
    if (r.label() == label) return r;
  }
  FAIL("there is no row " + label);
  return rows[0];
}

}  // namespace

TEST_CASE("Modules of ResNet-18 have torchvision's names and counts") {
  const auto rows = module_rows(find_model("resnet18-imagenet").graph, "resnet18");
  CHECK(rows[0].label() == "resnet18");
  CHECK(rows[0].parameters == 11'689'512);
  CHECK(rows[0].buffers == 9'600);
  CHECK(rows[0].macs == 1'814'073'344);
  CHECK(rows[0].output == Shape{1000});
  CHECK(rows[0].last);
  const ModuleRow& first = find(rows, "conv1 Conv2d");
  CHECK(first.parameters == 9'408);
  CHECK(first.macs == 118'013'952);
  CHECK(first.output == Shape{64, 112, 112});
  CHECK(find(rows, "layer1").parameters == 147'968);
  CHECK(find(rows, "layer4").parameters == 8'393'728);
  CHECK(find(rows, "layer4").output == Shape{512, 7, 7});
  CHECK(find(rows, "fc Linear").last);
}

TEST_CASE("Every model's modules add up to its constants") {
  for (const Model& m : all_models()) {
    const auto rows = module_rows(m.graph, std::string(m.name));
    ModuleRow sum;
    int leaves = 0;
    for (const ModuleRow& r : rows) {
      if (!r.leaf) continue;
      ++leaves;
      sum.parameters += r.parameters;
      sum.buffers += r.buffers;
      sum.macs += r.macs;
      sum.outputs += r.outputs;
    }
    CHECK(leaves == m.graph.size.ops);
    CHECK(rows[0].parameters == m.graph.num_parameters);
    CHECK(rows[0].macs == m.graph.macs);
    CHECK(rows[0].output == m.output);
    CHECK(sum.parameters == rows[0].parameters);
    CHECK(sum.buffers == rows[0].buffers);
    CHECK(sum.macs == rows[0].macs);
    CHECK(sum.outputs == rows[0].outputs);
  }
}

TEST_CASE("Branches, frozen layers, and a Residual as the last row of its group") {
  constexpr auto net =
      Sequential<Frozen<Linear{.out_features = 3, .bias = false}>{},
                 Residual<Linear{.out_features = 3}>{},
                 Sequential<ReLU{}, Named<"head", Linear{.out_features = 2}>{}>{}>{};
  const auto rows = module_rows(Network<net, Shape{5}>::graph, "net");
  std::string drawn;
  const auto tree = branches(rows);
  for (std::size_t i = 0; i < rows.size(); ++i) drawn += tree[i] + rows[i].label() + "\n";
  CHECK(drawn ==
        "net\n"
        "├─ 0\n"
        "│  └─ 0 Linear\n"
        "├─ 1\n"
        "│  ├─ Linear\n"
        "│  └─ Residual\n"
        "└─ 2\n"
        "   ├─ 0 ReLU\n"
        "   └─ head Linear\n");
  CHECK(rows[0].frozen == 15);
  CHECK(find(rows, "0 Linear").frozen == 15);
  CHECK(rows[0].parameters == 15 + 12 + 8);
  CHECK(up_to_depth(rows, 1).size() == 4);
  CHECK(branches(up_to_depth(rows, 1))[3] == "└─ ");
}
