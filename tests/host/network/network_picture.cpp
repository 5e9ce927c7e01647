// Networks as boxes and arrows: what dot is told, and what it draws.
#include "network/network_picture.hpp"

#include "process.hpp"

#include <etch/etch.hpp>
#include <etch/host/error.hpp>
#include <etch/host/network/models.hpp>

#include <catch2/catch.hpp>

#include <cstdlib>
#include <fstream>

using namespace etch;
using namespace etch::host;
namespace fs = std::filesystem;

static std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

TEST_CASE("A chain of layers is a chain of boxes") {
  using Net =
      Network<Sequential<Named<"conv", Conv2d{.out_channels = 4, .kernel_size = 3, .stride = 2}>{},
                         ReLU{}, Flatten{}, Linear{.out_features = 2}>{},
              Shape{1, 7, 7}>;
  const std::string script = network_script(Net::graph, "it's \"mine\"");
  CHECK_THAT(script, Catch::Contains("label=\"it's \\\"mine\\\"\""));
  CHECK_THAT(script, Catch::Contains("op0 [label=\"Conv2d 3x3/2\\nconv\""));
  CHECK_THAT(script, Catch::Contains("input -> op0\n") &&
                         Catch::Contains("op0 -> op1 [label=\" 4x3x3\"]") &&
                         Catch::Contains("op1 -> op2\n") && Catch::Contains("op2 -> output"));
}

TEST_CASE("Branches meet in one box, sums and parts alike") {
  using Net = Network<
      Sequential<
          Residual<Sequential<Conv2d{.out_channels = 2, .kernel_size = 3, .padding = 1}>{}>{},
          Concat<Identity{}, ReLU{}, Tanh{}>{}>{},
      Shape{2, 5, 5}>;
  const std::string script = network_script(Net::graph, "n");
  CHECK(count(script, "label=\"Concat") == 1);
  CHECK(count(script, "label=\"Residual") == 1);
  const std::size_t at = script.find("label=\"Concat");
  const std::size_t begin = script.rfind("  op", at) + 2;
  const std::string box = script.substr(begin, script.find(' ', begin) - begin);
  CHECK(count(script, "-> " + box + "\n") == 3);
  CHECK(count(script, box + " -> output [label=\" 6x5x5\"]") == 1);
}

TEST_CASE("dot draws every model") {
  if (run_program({"dot", "-V"}, ".").status != 0) {
    WARN("skipped: there is no dot");
    return;
  }
  const TemporaryFolder folder;
  for (const char* model : {"lenet", "resnet50"}) {
    const fs::path svg = folder.path() / (std::string(model) + ".svg");
    draw_network(find_model(model).graph, model, svg);
    std::ifstream file(svg);
    const std::string picture{std::istreambuf_iterator<char>(file), {}};
    CHECK_THAT(picture, Catch::Contains("</svg>") && Catch::Contains(">Conv2d "));
  }
}

TEST_CASE("What can't be drawn is refused, and nothing is written") {
  const TemporaryFolder folder;
  const GraphView graph = find_model("lenet").graph;
  CHECK_THROWS_WITH(draw_network(graph, "n", folder.path() / "n.png"),
                    Catch::EndsWith("n.png: must end in .svg"));
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", "/nowhere", 1);
  CHECK_THROWS_WITH(draw_network(graph, "n", folder.path() / "n.svg"), Catch::Contains("graphviz"));
  ::setenv("PATH", path.c_str(), 1);
  CHECK(fs::is_empty(folder.path()));
}
