// What an ONNX file may make of a network has limits, and its numbers are checked.
#include "host/import/onnx_model.hpp"

#include <catch2/catch.hpp>

#include <limits>

using namespace etch;
using namespace etch::host;

namespace {

// A node whose names are made at run time.
void add(OnnxModel& m, const char* op, const std::vector<std::string>& inputs,
         const std::string& output) {
  onnx::NodeProto& n = m.node(op, {}, output.c_str());
  for (const std::string& i : inputs) n.add_input(i);
}

// y = f(y) + y, so many times in each other.
OnnxModel nested(int blocks) {
  OnnxModel m;
  for (int i = 0; i < blocks; ++i) {
    add(m, "Tanh", {i == 0 ? "x" : "t" + std::to_string(i - 1)}, "t" + std::to_string(i));
  }
  std::string last = "t" + std::to_string(blocks - 1);
  for (int i = blocks - 1; i >= 0; --i) {
    const std::string skip = i == 0 ? "x" : "t" + std::to_string(i - 1);
    add(m, "Add", {last, skip}, i == 0 ? "y" : "s" + std::to_string(i));
    last = "s" + std::to_string(i);
  }
  return m;
}

}  // namespace

TEST_CASE("Residual blocks in each other are imported up to a limit, however many there are") {
  CHECK(structure_of(nested(most_nested).read()).size() == 1);
  for (const int blocks : {most_nested + 1, 1000, 16'000}) {
    CHECK_THROWS_WITH(structure_of(nested(blocks).read()),
                      Catch::Contains("is a residual block in more than 64 others"));
  }
}

TEST_CASE("Time grows with the nodes, not with their square") {
  OnnxModel m;
  std::string last = "x";
  for (int i = 0; i < 20'000; ++i) {
    const std::string next = i == 19'999 ? "y" : "v" + std::to_string(i);
    add(m, i % 3 == 0 ? "Tanh" : "Relu", {last}, next);
    last = next;
  }
  CHECK(structure_of(m.read()).size() > 1);
  for (int i = 0; i < 30'001; ++i) add(m, "Relu", {last}, "w" + std::to_string(i));
  CHECK_THROWS_WITH(m.read(), Catch::Contains("the number of its nodes is 50001, but 0 to 50000"));
}

TEST_CASE("Parameters that a small file asks for have a limit") {
  OnnxModel m;
  OnnxModel::dimensions(m.model.mutable_graph()->mutable_input(0), "x", {1, 1 << 20});
  m.weights("one", {1});
  std::string last = "x";
  for (int i = 0; i < 70; ++i) {
    add(m, "Mul", {last, "one"}, "v" + std::to_string(i));
    last = "v" + std::to_string(i);
  }
  CHECK_THROWS_WITH(m.read(), Catch::Contains("the network has more than 268,435,456 parameters"));
}

TEST_CASE("Weights that aren't finite are named") {
  OnnxModel m = small_network();
  onnx::TensorProto* w = m.model.mutable_graph()->mutable_initializer(1);
  w->set_float_data(17, std::numeric_limits<float>::quiet_NaN());
  CHECK_THROWS_WITH(m.read(), Catch::Contains("the Conv: number 17 of its weight is nan, but fin"));
  w->set_float_data(17, -std::numeric_limits<float>::infinity());
  CHECK_THROWS_WITH(m.read(), Catch::Contains("the Conv: number 17 of its weight is -inf, but"));
}

TEST_CASE("A max pool whose taps can all lie beside the input is refused") {
  OnnxModel m;
  OnnxModel::dimensions(m.model.mutable_graph()->mutable_input(0), "x", {1, 3, 1, 8});
  onnx::NodeProto& pool = m.node("MaxPool", {"x"}, "y");
  OnnxModel::list(pool, "kernel_shape", {2, 1});
  OnnxModel::list(pool, "dilations", {2, 1});
  OnnxModel::list(pool, "pads", {1, 0, 1, 0});
  CHECK_THROWS_WITH(m.read(), Catch::Contains("MaxPool2d: a window lies in the padding alone"));
}

TEST_CASE("Names of an ONNX file end no line of a sentence") {
  OnnxModel m = small_network();
  m.model.mutable_graph()->mutable_node(1)->set_input(0, "a\nb\x1b[31m" + std::string(300, 'x'));
  CHECK_THROWS_WITH(m.read(), Catch::Contains("takes a?b?[31mxxx") && Catch::Contains("xxx.., wh"));
}

TEST_CASE("A name stands for one value") {
  OnnxModel m = small_network();
  m.model.mutable_graph()->mutable_node(3)->set_output(0, "r");
  CHECK_THROWS_WITH(m.read(), Catch::Contains("computes r, which is there already"));
}

TEST_CASE("A Pad's zeros at the end count in the mean of all") {
  OnnxModel m;
  m.integers("pads", {0, 0, 0, 0, 0, 0, 1, 1});
  m.node("Pad", {"x", "pads"}, "p");
  m.node("GlobalAveragePool", {"p"}, "y");
  const ImportedLayer layer = m.read().layers().at(0);
  CHECK(layer.kind() == "AvgPool2d");
  CHECK(std::get<AvgPool2d>(layer.layer).count_include_pad);
  CHECK(std::get<AvgPool2d>(layer.layer).window() ==
        Window{.kernel_size = {9, 7}, .extra_padding = 1});
  m.model.mutable_graph()->mutable_initializer(0)->clear_int64_data();
  m.model.mutable_graph()->mutable_initializer(0)->set_dims(0, 0);
  CHECK_THROWS_WITH(m.read(), Catch::Contains("the Pad: Pad is supported over height and width"));
}
