// Models of the zoo and of files, opened alike.
#include <etch/host/network/open_model.hpp>

#include "host/import/onnx_model.hpp"
#include "host/network/same_graph.hpp"
#include "import/import.hpp"

#include <etch/host/file.hpp>
#include <etch/host/network/models.hpp>
#include <etch/host/program/session.hpp>

using namespace etch;
using namespace etch::host;

namespace {

std::vector<float> outputs(const OpenModel& model, std::span<const float> image) {
  SessionOptions options;
  options.evaluates_only = true;
  Session session(model.graph, options);
  std::ranges::copy(*model.values, session.parameters().begin());
  const std::span<const float> y = session.evaluate(image);
  return {y.begin(), y.end()};
}

}  // namespace

TEST_CASE("Every model of the zoo is written to a file's metadata, and read as it was") {
  for (const Model& m : all_models()) {
    if (m.tree == nullptr) continue;  // with layers of a test
    const OpenModel model = open_model(std::string(m.name));
    same::check_graphs(model.graph, m.graph);
    same::check_graphs(read_network("f", model.network)->view(), m.graph);
    CHECK((model.output == m.output && model.values == nullptr));
  }
}

TEST_CASE("An ONNX file runs without a compiler, and what import writes of it runs alike") {
  TemporaryFolder folder;
  const std::string file = folder.path() / "m.onnx";
  write_file(file, small_network().bytes());
  const OpenModel direct = open_model(file);
  CHECK((direct.input == Shape{3, 8, 6} && direct.output == Shape{5}));
  import_network(file, folder.path(), "m");
  const OpenModel imported = open_model(folder.path() / "m.safetensors");
  same::check_graphs(direct.graph, imported.graph);
  CHECK(*direct.values == *imported.values);
  std::vector<float> image(direct.input.elements());
  for (std::size_t i = 0; i < image.size(); ++i) image[i] = static_cast<float>(i % 7) - 3;
  CHECK(outputs(direct, image) == outputs(imported, image));
}

TEST_CASE("Another size and another algorithm are other graphs of the same network") {
  const OpenModel loops = open_model("resnet8", 0, Algorithm::loops);
  CHECK(loops.graph.total() == open_model("resnet8").graph.total());
  for (int i = 0; i < loops.graph.size.ops; ++i) {
    const Op& op = loops.graph.ops[i];
    if (op.macs > 0) CHECK(op.attributes.algorithm == Algorithm::loops);
  }
  const OpenModel larger = open_model("resnet101", 48);
  CHECK(larger.input == Shape{1, 48, 48});
  CHECK(larger.graph.total() == open_model("resnet101").graph.total());
}

TEST_CASE("A network's Softmax or Sigmoid is left out where a loss holds it") {
  const auto opened = [](const Tree& tree) {
    OpenModel m = open_model("lenet", 0, Algorithm::gemm);
    m.input = {4};
    m.run_time = std::make_shared<RunTimeGraph>("m", tree, Shape{4});
    return m;
  };
  const Tree ends = tree_of(Sequential<Linear{.out_features = 2}, Softmax{}>{});
  CHECK(logits_of(opened(ends), Task::classes).graph.size.ops == 1);
  CHECK(logits_of(opened(ends), Task::labels).run_time->tree().children.size() == 2);
  CHECK(logits_of(opened(ends), Task::numbers).run_time->tree().children.size() == 2);
  const Tree labels = tree_of(Sequential<Linear{.out_features = 2}, Sigmoid{}>{});
  CHECK(logits_of(opened(labels), Task::labels).graph.size.ops == 1);
  CHECK(logits_of(opened(labels), Task::classes).run_time->tree().children.size() == 2);
  const Tree inside = tree_of(Sequential<Softmax{}, Linear{.out_features = 2}>{});
  CHECK(logits_of(opened(inside), Task::classes).run_time->tree().children.size() == 2);
}
