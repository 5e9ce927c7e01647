// What an ONNX file computes of constants.
#include "import/onnx_folding.hpp"

#include "host/import/onnx_model.hpp"

#include <catch2/catch.hpp>

using namespace etch;
using namespace etch::host;

namespace {

using Integers = std::vector<std::int64_t>;

// The last node's output, of integers.
Integers folded(const OnnxModel& m) {
  const std::string bytes = m.bytes();
  OnnxFile file("m.onnx", std::as_bytes(std::span(bytes)));
  for (const onnx::NodeProto& node : file.graph().node()) {
    INFO(node.name());
    REQUIRE(fold_constants(file, node));
  }
  return file.integers("y");
}

}  // namespace

TEST_CASE("Slices of constants end before their end, and run backwards") {
  const auto slice = [](std::int64_t start, std::int64_t end, std::int64_t step) {
    OnnxModel m;
    m.integers("a", {10, 11, 12, 13});
    m.integers("start", {start});
    m.integers("end", {end});
    m.integers("axis", {0});
    m.integers("step", {step});
    m.node("Slice", {"a", "start", "end", "axis", "step"}, "y");
    return folded(m);
  };
  CHECK(slice(1, 3, 1) == Integers{11, 12});
  CHECK(slice(0, -1, 2) == Integers{10, 12});
  CHECK(slice(-1, -9, -1) == Integers{13, 12, 11, 10});
}

TEST_CASE("The padding of torch's F.pad: reversed pairs, made of constants") {
  OnnxModel m;
  m.integers("pairs", {1, 2, 3, 4});  // left, right, above, below
  m.integers("zeros", {0, 0, 0, 0});
  m.integers("rows", {-1, 2});
  m.integers("last", {-1});
  m.integers("first", {-9});
  m.integers("axis", {0});
  m.integers("all", {-1});
  m.node("Concat", {"pairs", "zeros"}, "eight");
  m.node("Reshape", {"eight", "rows"}, "table");
  m.node("Slice", {"table", "last", "first", "axis", "last"}, "reversed");
  m.node("Transpose", {"reversed"}, "columns");
  m.node("Reshape", {"columns", "all"}, "y");
  CHECK(folded(m) == Integers{0, 0, 3, 1, 0, 0, 4, 2});
}

TEST_CASE("A matrix of weights is transposed") {
  OnnxModel m;
  m.weights("w", {2, 3});
  m.node("Transpose", {"w"}, "t");
  const std::string bytes = m.bytes();
  OnnxFile file("m.onnx", std::as_bytes(std::span(bytes)));
  REQUIRE(fold_constants(file, file.graph().node(0)));
  CHECK(file.dimensions("t") == std::vector<std::size_t>{3, 2});
  CHECK(file.floats("t") == std::vector<float>{0, 0.375f, 0.125f, 0.5f, 0.25f, 0.625f});
}
