// ONNX files: what is read, what is refused, and that damage never ends in more than a sentence.
#include "onnx.hpp"

#include "idx_files.hpp"
#include "network_writer.hpp"
#include "process.hpp"

#include <etch/random.hpp>

#include <catch2/catch.hpp>

#include <onnx/onnx_pb.h>

using namespace etch;
using namespace etch::host;

namespace {

// A model that grows node by node.
struct Model {
  Model() {
    model.set_ir_version(7);
    model.add_opset_import()->set_version(13);
    dimensions(model.mutable_graph()->add_input(), "x", {1, 3, 8, 6});
    model.mutable_graph()->add_output()->set_name("y");
  }

  static void dimensions(onnx::ValueInfoProto* value, const char* name,
                         std::initializer_list<std::int64_t> sizes) {
    value->set_name(name);
    onnx::TypeProto_Tensor* type = value->mutable_type()->mutable_tensor_type();
    type->set_elem_type(onnx::TensorProto::FLOAT);
    type->clear_shape();
    for (const std::int64_t n : sizes) type->mutable_shape()->add_dim()->set_dim_value(n);
  }

  void weights(const char* name, std::initializer_list<std::int64_t> sizes) {
    onnx::TensorProto* t = model.mutable_graph()->add_initializer();
    t->set_name(name);
    t->set_data_type(onnx::TensorProto::FLOAT);
    std::int64_t all = 1;
    for (const std::int64_t n : sizes) {
      t->add_dims(n);
      all *= n;
    }
    for (std::int64_t i = 0; i < all; ++i) t->add_float_data(static_cast<float>(i) / 8);
  }
  void integers(const char* name, std::initializer_list<std::int64_t> values) {
    onnx::TensorProto* t = model.mutable_graph()->add_initializer();
    t->set_name(name);
    t->set_data_type(onnx::TensorProto::INT64);
    t->add_dims(static_cast<std::int64_t>(values.size()));
    for (const std::int64_t v : values) t->add_int64_data(v);
  }
  onnx::NodeProto& node(const char* op, std::initializer_list<const char*> inputs,
                        const char* output) {
    onnx::NodeProto* n = model.mutable_graph()->add_node();
    n->set_op_type(op);
    n->set_name(std::string("the ") + op);
    for (const char* i : inputs) n->add_input(i);
    n->add_output(output);
    return *n;
  }
  static void list(onnx::NodeProto& n, const char* name,
                   std::initializer_list<std::int64_t> values) {
    onnx::AttributeProto* a = n.add_attribute();
    a->set_name(name);
    for (const std::int64_t v : values) a->add_ints(v);
  }
  static void integer(onnx::NodeProto& n, const char* name, std::int64_t value) {
    onnx::AttributeProto* a = n.add_attribute();
    a->set_name(name);
    a->set_i(value);
  }

  std::string bytes() const { return model.SerializeAsString(); }
  ImportedNetwork read() const {
    const TemporaryFolder folder;
    write_file(folder.path() / "m.onnx", bytes());
    return read_onnx(folder.path() / "m.onnx");
  }
  std::string code() const {
    const ImportedNetwork network = read();
    return network_header(network, structure_of(network), "m");
  }

  onnx::ModelProto model;
};

// Pad, convolution, residual block, pool, linear.
Model small_network() {
  Model m;
  m.integers("pads", {0, 0, 0, 0, 0, 0, 1, 1});
  m.weights("w", {4, 3, 3, 3});
  m.weights("b", {4});
  m.weights("w2", {4, 4, 1, 1});
  m.weights("fc", {5, 4 * 2 * 1});
  m.node("Pad", {"x", "pads"}, "padded");
  Model::list(m.node("Conv", {"padded", "w", "b"}, "c"), "strides", {2, 2});
  m.node("Relu", {"c"}, "r");
  m.node("Conv", {"r", "w2"}, "c2");
  m.node("Add", {"r", "c2"}, "sum");
  onnx::NodeProto& pool = m.node("MaxPool", {"sum"}, "p");
  Model::list(pool, "kernel_shape", {2, 2});
  Model::list(pool, "strides", {2, 2});
  m.node("Flatten", {"p"}, "f");
  Model::integer(m.node("Gemm", {"f", "fc"}, "y"), "transB", 1);
  return m;
}

// The same model, and after `change`, an error that contains the text.
template <class Change>
void refuses(const char* message, const Change& change) {
  Model m = small_network();
  change(m.model, *m.model.mutable_graph());
  INFO(message);
  CHECK_THROWS_WITH(m.code(), Catch::Contains(message));
}

}  // namespace

TEST_CASE("An ONNX network becomes the code that a person would write") {
  const std::string code = small_network().code();
  CHECK_THAT(code, Catch::Contains("    // the Conv\n"
                                   "    Conv2d{.out_channels = 4, .kernel_size = 3, .stride = 2, "
                                   ".extra_padding = 1}, ReLU{},\n"
                                   "    // the Add\n"
                                   "    Residual<Sequential<\n"
                                   "        // the Conv\n"
                                   "        Conv2d{.out_channels = 4, .kernel_size = 1, .bias = "
                                   "false}>{}>{},\n"
                                   "    MaxPool2d{.kernel_size = 2}, Flatten{},\n"
                                   "    // the Gemm\n"
                                   "    Linear{.out_features = 5, .bias = false}>{};\n"));
  CHECK_THAT(code,
             Catch::Contains("Network<network, Shape{.channels = 3, .height = 8, .width = 6}>;") &&
                 Catch::Contains("static_assert(Net::output_shape == Shape{5});") &&
                 Catch::Contains("static_assert(Net::num_parameters == 168);"));
}

TEST_CASE("Names of an ONNX file can't break out of a comment") {
  Model m = small_network();
  m.model.mutable_graph()->mutable_node(1)->set_name("first\nint evil;\\");
  CHECK_THAT(m.code(), Catch::Contains("// first int evil;?\n"));
  CHECK(identifier("my-net.v2") == "my_net_v2");
  CHECK(identifier("8bit") == "net_8bit");
  CHECK(identifier("class") == "class_net");
}

TEST_CASE("What an ONNX file has that isn't supported is named") {
  using M = onnx::ModelProto;
  using G = onnx::GraphProto;
  refuses("the Relu: the operator Elu isn't supported; these are: Add, ",
          [](M&, G& g) { g.mutable_node(2)->set_op_type("Elu"); });
  refuses("the Relu: the operator com.example.Relu isn't supported",
          [](M&, G& g) { g.mutable_node(2)->set_domain("com.example"); });
  refuses("has opset 6, but 7 or a later one",
          [](M& m, G&) { m.mutable_opset_import(0)->set_version(6); });
  refuses("the Conv: takes missing, which isn't computed before",
          [](M&, G& g) { g.mutable_node(1)->set_input(0, "missing"); });
  refuses("the Pad: only padding before a convolution or a pool can be imported",
          [](M&, G& g) { g.mutable_node(2)->set_input(0, "padded"); });
  refuses("the Conv: takes 3 channels, but the weights are [4, 4, 1, 1] in 1 groups",
          [](M&, G& g) { g.mutable_node(1)->set_input(1, "w2"); });
  refuses("the Add: adds 3x8x6 and 4x4x3",
          [](M&, G& g) { g.mutable_node(4)->set_input(0, g.input(0).name()); });
  refuses("the Conv: is used by several branches", [](M&, G& g) {
    g.mutable_node(4)->mutable_input()->SwapElements(0, 1);
    onnx::NodeProto* second = g.mutable_node(5);
    second->set_op_type("Add");
    second->clear_attribute();
    second->set_input(0, "sum");
    *second->add_input() = g.node(3).output(0);
    g.mutable_node()->DeleteSubrange(6, 2);
    g.mutable_output(0)->set_name("p");
  });
  refuses("the Gemm: takes 8 features, but the weights are [8, 5]", [](M&, G& g) {
    g.mutable_initializer(4)->set_dims(0, 8);
    g.mutable_initializer(4)->set_dims(1, 5);
  });
  refuses("w of shape [4, 3, 3, 3] has 107 numbers instead of 108",
          [](M&, G& g) { g.mutable_initializer(1)->mutable_float_data()->RemoveLast(); });
  refuses("has no fixed dimension 2", [](M&, G& g) {
    g.mutable_input(0)
        ->mutable_type()
        ->mutable_tensor_type()
        ->mutable_shape()
        ->mutable_dim(2)
        ->clear_dim_value();
  });
  refuses("has 2 outputs, but one is expected", [](M&, G& g) { *g.add_output() = g.output(0); });
  refuses("w lies in another file", [](M&, G& g) {
    g.mutable_initializer(1)->set_data_location(onnx::TensorProto::EXTERNAL);
  });
}

TEST_CASE("A damaged ONNX file is an error or another network, never a crash") {
  const TemporaryFolder folder;
  const std::string whole = small_network().bytes();
  const auto path = folder.path() / "m.onnx";
  const auto attempt = [&](const std::string& bytes) {
    write_file(path, bytes);
    try {
      const ImportedNetwork network = read_onnx(path);
      write_network(network, folder.path() / "out", "m");
      return true;
    } catch (const Error& e) {
      CHECK_THAT(e.what(), Catch::StartsWith(folder.path().string()));
      return false;
    }
  };
  CHECK(attempt(whole));
  for (std::size_t n = 0; n < whole.size(); n += 7) attempt(whole.substr(0, n));
  Generator random{5};
  for (int i = 0; i < 400; ++i) {
    std::string bytes = whole;
    for (std::size_t k = 0; k <= random.below(3); ++k) {
      bytes[random.below(bytes.size())] ^= static_cast<char>(1 << random.below(8));
    }
    attempt(bytes);
  }
}
