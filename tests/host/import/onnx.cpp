// ONNX files: what is read, what is refused, and that damage never ends in more than a sentence.
#include "host/import/onnx_model.hpp"

#include <etch/random.hpp>

#include <catch2/catch.hpp>

using namespace etch;
using namespace etch::host;

namespace {

// The same model, and after `change`, an error that contains the text.
template <class Change>
void refuses(const char* message, const Change& change) {
  OnnxModel m = small_network();
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

TEST_CASE("An import replaces its own files, and weights of nobody else") {
  const TemporaryFolder folder;
  const ImportedNetwork network = small_network().read();
  const auto weights = folder.path() / "m.safetensors";
  write_file(weights, "not of etch");
  CHECK_THROWS_WITH(write_network(network, folder.path(), "m"),
                    Catch::Contains("m.safetensors: is there already, and isn't as `etch import`"));
  CHECK(!std::filesystem::exists(folder.path() / "m.hpp"));
  CHECK(std::filesystem::file_size(weights) == 11);
  std::filesystem::remove(weights);
  for (int i = 0; i < 2; ++i) {
    CHECK(std::filesystem::exists(write_network(network, folder.path(), "m").weights));
  }
}

TEST_CASE("Names of an ONNX file can't break out of a comment") {
  OnnxModel m = small_network();
  m.model.mutable_graph()->mutable_node(1)->set_name("first\nint evil;\\");
  CHECK_THAT(m.code(), Catch::Contains("// first?int evil;?\n"));
}

TEST_CASE("What an ONNX file has that isn't supported is named") {
  using M = onnx::ModelProto;
  using G = onnx::GraphProto;
  refuses("the Relu: the operator Softplus isn't supported; these are: Add, ",
          [](M&, G& g) { g.mutable_node(2)->set_op_type("Softplus"); });
  refuses("the Relu: the operator com.example.Relu isn't supported",
          [](M&, G& g) { g.mutable_node(2)->set_domain("com.example"); });
  refuses("has opset 6, but 7 or a later one",
          [](M& m, G&) { m.mutable_opset_import(0)->set_version(6); });
  refuses("the Conv: takes missing, which isn't computed before",
          [](M&, G& g) { g.mutable_node(1)->set_input(0, "missing"); });
  refuses("the Conv: takes 3 channels, but the weights are [4, 4, 1, 1] in 1 groups",
          [](M&, G& g) { g.mutable_node(1)->set_input(1, "w2"); });
  refuses("the Add: adds (N, 3, 8, 6) and (N, 4, 4, 3), but only equal shapes",
          [](M&, G& g) { g.mutable_node(4)->set_input(0, g.input(0).name()); });
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
  refuses("the input x is DOUBLE, but FLOAT is expected", [](M&, G& g) {
    g.mutable_input(0)->mutable_type()->mutable_tensor_type()->set_elem_type(
        onnx::TensorProto::DOUBLE);
  });
  refuses("has 2 outputs, but one is expected", [](M&, G& g) { *g.add_output() = g.output(0); });
  refuses("the Relu: a constant of [1, 4, 1] isn't one number a channel of (N, 4, 4, 3)",
          [](M&, G& g) {
            g.mutable_initializer(2)->set_dims(0, 1);
            for (const int n : {4, 1}) g.mutable_initializer(2)->add_dims(n);
            g.mutable_node(1)->mutable_input()->RemoveLast();
            g.mutable_node(2)->set_op_type("PRelu");
            *g.mutable_node(2)->add_input() = "b";
          });
  refuses("the MaxPool: pads 1 above and 0 below, 0 on the left and 0 on the right: more above",
          [](M&, G& g) {
            OnnxModel::list(*g.mutable_node(5), "pads", {1, 0, 0, 0});
            g.mutable_node(5)->mutable_attribute(1)->set_ints(0, 1);
          });
}

TEST_CASE("Branches of an ONNX network that don't nest become values by name") {
  OnnxModel m;
  m.node("Tanh", {"x"}, "t");
  m.node("Sigmoid", {"t"}, "s");
  m.node("Mul", {"t", "s"}, "m");
  m.node("GlobalAveragePool", {"m"}, "g");
  m.node("Mul", {"g", "s"}, "gated");
  m.node("Concat", {"gated", "x"}, "two");
  OnnxModel::integer(*m.model.mutable_graph()->mutable_node(5), "axis", -3);
  m.node("Concat", {"x", "two", "x"}, "y");
  OnnxModel::integer(*m.model.mutable_graph()->mutable_node(6), "axis", 1);
  CHECK_THAT(m.code(), Catch::Contains("network = Sequential<\n"
                                       "    Save<\"value0\">{},\n"
                                       "    Tanh{},\n"
                                       "    Save<\"value1\">{},\n"
                                       "    Sigmoid{},\n"
                                       "    Save<\"value2\">{},\n"
                                       "    MultiplyWith<\"value1\">{},\n"
                                       "    GlobalAvgPool2d{},\n"
                                       "    MultiplyWith<\"value2\">{},\n"
                                       "    ConcatWith<\"value0\">{},\n"
                                       "    Concat<\n"
                                       "        Load<\"value0\">{},\n"
                                       "        Sequential<>{},\n"
                                       "        Load<\"value0\">{}>{}>{};"));
}

TEST_CASE("Joins that ONNX has and etch hasn't are named") {
  const auto error = [](const char* op, const char* y, std::int64_t axis) -> std::string {
    OnnxModel m;
    m.node("MaxPool", {"x"}, "small");
    OnnxModel::list(*m.model.mutable_graph()->mutable_node(0), "kernel_shape", {2, 2});
    m.node(op, {"x", y}, "y");
    if (axis != 0) {
      OnnxModel::integer(*m.model.mutable_graph()->mutable_node(1), "axis", axis);
    }
    try {
      structure_of(m.read());
      return "";
    } catch (const Error& e) {
      return e.what();
    }
  };
  CHECK_THAT(error("Mul", "small", 0), Catch::Contains("but only equal shapes, or an image and"));
  CHECK_THAT(error("Concat", "x", 2), Catch::Contains("Concat along axis 2 of (N, 3, 8, 6)"));
  CHECK_THAT(error("Concat", "small", 1), Catch::Contains("which differ in more than these"));
  CHECK_THAT(error("Concat", "x", 1), Catch::Contains("isn't needed for the output"));
}

namespace {

// A network of one node over x, (1, 3, 8, 6), or over a vector of 2.
struct OneNode : OnnxModel {
  OneNode(const char* op, std::initializer_list<const char*> inputs) { node(op, inputs, "y"); }
  void over_vector() {
    onnx::ValueInfoProto* x = model.mutable_graph()->mutable_input(0);
    dimensions(x, "x", {1, 2});
  }
  onnx::NodeProto& only() { return *model.mutable_graph()->mutable_node(0); }
  void number(const char* name, float value) { set_number(only(), name, value); }
  static void set_number(onnx::NodeProto& n, const char* name, float value) {
    onnx::AttributeProto* a = n.add_attribute();
    a->set_name(name);
    a->set_type(onnx::AttributeProto::FLOAT);
    a->set_f(value);
  }
  ImportedLayer layer() const {
    const ImportedNetwork network = read();
    REQUIRE(network.layers().size() == 1);
    return network.layers()[0];
  }
};

const std::vector<float>& values(const ImportedLayer& layer, const std::string& name) {
  for (const ImportedTensor& t : layer.tensors) {
    if (t.name == name) return t.values;
  }
  FAIL("no tensor " << name);
  return layer.tensors[0].values;
}

}  // namespace

TEST_CASE("Attributes of ONNX that PyTorch's exporter leaves alone") {
  using Floats = std::vector<float>;
  OneNode norm("BatchNormalization", {"x", "scale", "shift", "mean", "var"});
  for (const char* name : {"scale", "shift", "mean", "var"}) norm.weights(name, {3});
  for (int i = 0; i < 4; ++i) {
    norm.model.mutable_graph()->mutable_initializer(i)->set_float_data(0, static_cast<float>(i));
  }
  CHECK(std::get<BatchNorm2d>(norm.layer().layer).eps == 1e-5f);
  norm.number("epsilon", 0.25f);
  const ImportedLayer n = norm.layer();
  CHECK(std::get<BatchNorm2d>(n.layer).eps == 0.25f);
  CHECK(values(n, "weight")[0] == 0);
  CHECK(values(n, "bias")[0] == 1);
  CHECK(values(n, "running_mean")[0] == 2);
  CHECK(values(n, "running_var")[0] == 3);
  onnx::TensorProto* mean_of_2 = norm.model.mutable_graph()->mutable_initializer(2);
  mean_of_2->set_dims(0, 2);
  mean_of_2->mutable_float_data()->RemoveLast();
  CHECK_THROWS_WITH(norm.layer(),
                    Catch::Contains("its running_mean is of shape [2], but [3] is expected"));

  OneNode gemm("Gemm", {"x", "w", "b"});
  gemm.over_vector();
  gemm.weights("w", {2, 3});  // (I, O): 0 to 5 eighths
  gemm.weights("b", {3});
  gemm.number("alpha", 8);
  gemm.number("beta", 16);
  CHECK(values(gemm.layer(), "weight") == Floats{0, 3, 1, 4, 2, 5});
  CHECK(values(gemm.layer(), "bias") == Floats{0, 2, 4});

  OneNode same("Conv", {"x", "w"});
  same.weights("w", {4, 3, 3, 3});
  OnnxModel::list(same.only(), "strides", {2, 2});
  onnx::AttributeProto* automatic = same.only().add_attribute();
  automatic->set_name("auto_pad");
  automatic->set_s("SAME_UPPER");
  CHECK(std::get<Conv2d>(same.layer().layer).padding == Pair(0));
  CHECK(std::get<Conv2d>(same.layer().layer).extra_padding == Pair(1));
  automatic->set_s("SAME_LOWER");
  CHECK(std::get<Conv2d>(same.layer().layer).padding == Pair(1));
  CHECK(std::get<Conv2d>(same.layer().layer).extra_padding == Pair(0));
  automatic->set_s("SAME");
  CHECK_THROWS_WITH(same.layer(), Catch::Contains("the Conv: auto_pad is SAME"));

  OneNode scaled("Mul", {"x", "w"});
  scaled.weights("w", {3, 1, 1});
  CHECK(values(scaled.layer(), "weight") == Floats{0, 0.125f, 0.25f});
  OneNode added("Add", {"w", "x"});
  added.weights("w", {1, 3, 1, 1});
  CHECK(values(added.layer(), "bias") == Floats{0, 0.125f, 0.25f});
  OneNode columns("Mul", {"x", "w"});
  columns.weights("w", {6});
  CHECK_THROWS_WITH(columns.layer(), Catch::Contains("a constant of [6] isn't one number a chan"));

  OneNode mean("ReduceMean", {"x"});
  OnnxModel::list(mean.only(), "axes", {-1, 2});
  CHECK(mean.layer().kind() == "GlobalAvgPool2d");
  mean.only().mutable_attribute(0)->set_ints(0, 1);
  CHECK_THROWS_WITH(mean.layer(),
                    Catch::Contains("ReduceMean of (N, 3, 8, 6) over [1, 2] isn't supported"));

  OneNode clip("Clip", {"x", "low"});
  clip.weights("low", {1});
  CHECK(clip.layer().kind() == "ReLU");
  clip.model.mutable_graph()->mutable_initializer(0)->set_float_data(0, -1);
  CHECK(std::get<Hardtanh>(clip.layer().layer).min_val == -1);
}

TEST_CASE("Windows of ONNX") {
  OneNode dilated("Conv", {"x", "w"});
  dilated.weights("w", {4, 3, 3, 3});
  OnnxModel::list(dilated.only(), "dilations", {2, 1});
  CHECK(std::get<Conv2d>(dilated.layer().layer).dilation == Pair(2, 1));

  OnnxModel padded;  // by a Pad and by the convolution itself
  padded.integers("around", {0, 0, 1, 2, 0, 0, 1, 2});
  padded.weights("w", {4, 3, 3, 3});
  padded.node("Pad", {"x", "around"}, "p");
  OnnxModel::list(padded.node("Conv", {"p", "w"}, "y"), "pads", {1, 0, 2, 0});
  const Conv2d w = std::get<Conv2d>(padded.read().layers().at(0).layer);
  CHECK(w.padding == Pair(2));
  CHECK(w.extra_padding == Pair(1, 0));

  OneNode ceil("MaxPool", {"x"});
  OnnxModel::list(ceil.only(), "kernel_shape", {3, 3});
  OnnxModel::list(ceil.only(), "strides", {3, 3});
  OnnxModel::integer(ceil.only(), "ceil_mode", 1);
  CHECK(std::get<MaxPool2d>(ceil.layer().layer).extra_padding == Pair(1, 0));
  // A window that would begin in the padding isn't there.
  ceil.only().mutable_attribute(0)->set_ints(0, 2);
  OnnxModel::list(ceil.only(), "pads", {1, 0, 1, 0});
  CHECK(std::get<MaxPool2d>(ceil.layer().layer).extra_padding == Pair(0));
}

TEST_CASE("A sum or a Clip is no part of a layer that others take, too") {
  const auto kinds = [](const OnnxModel& m) {
    const ImportedNetwork network = m.read();
    std::vector<std::string> all;
    for (const ImportedLayer& l : network.layers()) all.push_back(l.kind());
    return all;
  };
  OnnxModel sum;
  sum.weights("w", {4, 3, 1, 1});
  sum.weights("shift", {4, 1, 1});
  sum.node("Conv", {"x", "w"}, "c");
  sum.node("Add", {"c", "shift"}, "s");
  sum.node("Add", {"s", "c"}, "y");
  CHECK(kinds(sum) == std::vector<std::string>{"Conv2d", "BatchNorm2d", "Residual"});

  OnnxModel clip;
  clip.weights("low", {1});
  clip.weights("high", {1});
  clip.model.mutable_graph()->mutable_initializer(1)->set_float_data(0, 6);
  clip.node("Relu", {"x"}, "r");
  clip.node("Clip", {"r", "low", "high"}, "c");
  clip.node("Add", {"r", "c"}, "y");
  CHECK(kinds(clip) == std::vector<std::string>{"ReLU", "ReLU6", "Residual"});
}

TEST_CASE("Zeros before a max pool are its padding where nothing is below zero") {
  OnnxModel m;
  m.integers("around", {0, 0, 1, 1, 0, 0, 1, 1});
  m.node("Pad", {"x", "around"}, "p");
  OnnxModel::list(m.node("MaxPool", {"p"}, "y"), "kernel_shape", {3, 3});
  CHECK_THROWS_WITH(m.read(), Catch::Contains("the Pad: zeros before a max pool can't be its"));
  m.model.mutable_graph()->clear_node();
  m.node("Relu", {"x"}, "r");
  m.node("Pad", {"r", "around"}, "p");
  OnnxModel::list(m.node("MaxPool", {"p"}, "y"), "kernel_shape", {3, 3});
  CHECK(std::get<MaxPool2d>(m.read().layers().at(1).layer).padding == Pair(1));
}

TEST_CASE("Weights of other types become floats") {
  for (const auto type : {onnx::TensorProto::FLOAT16, onnx::TensorProto::DOUBLE}) {
    OneNode m("Mul", {"x", "w"});
    onnx::TensorProto* w = m.model.mutable_graph()->add_initializer();
    w->set_name("w");
    w->set_data_type(type);
    w->add_dims(1);
    if (type == onnx::TensorProto::FLOAT16) w->add_int32_data(0xc100);
    if (type == onnx::TensorProto::DOUBLE) w->add_double_data(-2.5);
    CHECK(values(m.layer(), "weight")[0] == -2.5f);
    w->set_data_type(onnx::TensorProto::BFLOAT16);
    CHECK_THROWS_WITH(m.layer(), Catch::Contains("w is BFLOAT16, but FLOAT is expected"));
  }
}

namespace {

// PyTorch's exports: x * (1 + erf(x / sqrt(2))) / 2, and the form with tanh.
OnnxModel gelu_network(bool tanh_form) {
  OnnxModel m;
  const auto number = [&](const char* name, float value) {
    m.weights(name, {});
    const int last = m.model.graph().initializer_size() - 1;
    m.model.mutable_graph()->mutable_initializer(last)->set_float_data(0, value);
  };
  number("one", 1), number("half", 0.5f);
  m.node("Relu", {"x"}, "r");
  if (tanh_form) {
    number("slope", 0.7978846f), number("cubic", 0.044715f);
    m.node("Mul", {"r", "r"}, "square");
    m.node("Mul", {"r", "square"}, "cube");
    m.node("Mul", {"cubic", "cube"}, "scaled");
    m.node("Add", {"r", "scaled"}, "inner");
    m.node("Mul", {"slope", "inner"}, "of");
    m.node("Tanh", {"of"}, "f");
  } else {
    number("root", 1.4142135f);
    m.node("Div", {"r", "root"}, "of");
    m.node("Erf", {"of"}, "f");
  }
  m.node("Add", {"f", "one"}, "sum");
  m.node("Mul", {"r", "sum"}, "product");
  m.node("Mul", {"product", "half"}, "y");
  return m;
}

}  // namespace

TEST_CASE("The nodes of a GELU are one, where nothing else takes their values") {
  CHECK_THAT(gelu_network(false).code(), Catch::Contains("ReLU{}, GELU{}>"));
  CHECK_THAT(gelu_network(true).code(),
             Catch::Contains("ReLU{}, GELU{.approximate = Approximate::tanh}>"));
  OnnxModel other = gelu_network(false);
  other.model.mutable_graph()->mutable_initializer(2)->set_float_data(0, 1.5f);
  CHECK_THROWS_WITH(other.code(), Catch::Contains("isn't supported; these are: Add"));
  OnnxModel cubic = gelu_network(true);
  cubic.model.mutable_graph()->mutable_initializer(3)->set_float_data(0, 0.5f);
  CHECK_THAT(cubic.code(), Catch::Contains("Tanh{}") && !Catch::Contains("GELU"));
  OnnxModel taken = gelu_network(false);
  taken.model.mutable_graph()->mutable_node(4)->set_output(0, "gelu");
  taken.node("Add", {"gelu", "f"}, "y");
  CHECK_THROWS_WITH(taken.code(), Catch::Contains("isn't supported; these are: Add"));
}

TEST_CASE("Padding that no window can have is a layer") {
  OnnxModel before_relu;
  before_relu.integers("pads", {0, 0, 1, 2, 0, 0, 3, 4});
  before_relu.node("Pad", {"x", "pads"}, "p");
  before_relu.node("Relu", {"p"}, "r");
  before_relu.node("Add", {"r", "p"}, "y");
  CHECK_THAT(before_relu.code(), Catch::Contains("ZeroPad2d{.padding = {2, 4, 1, 3}},"));
  OneNode causal("Conv", {"x", "w"});
  causal.weights("w", {4, 3, 1, 3});
  OnnxModel::list(causal.only(), "pads", {0, 2, 0, 0});
  CHECK_THAT(causal.code(), Catch::Contains("ZeroPad2d{.padding = {2, 0, 0, 0}},") &&
                                Catch::Contains(".kernel_size = {1, 3}, .bias = false}"));
}

TEST_CASE("Borders and other sizes of ONNX") {
  OnnxModel m;
  m.integers("pads", {0, 0, 1, 2, 0, 0, 3, 4});
  const auto word = [](onnx::NodeProto& n, const char* name, const char* value) {
    onnx::AttributeProto* a = n.add_attribute();
    a->set_name(name);
    a->set_type(onnx::AttributeProto::STRING);
    a->set_s(value);
  };
  word(m.node("Pad", {"x", "pads"}, "r"), "mode", "reflect");
  word(m.node("Pad", {"r", "pads"}, "y"), "mode", "edge");
  CHECK_THAT(m.code(), Catch::Contains("ReflectionPad2d{.padding = {2, 4, 1, 3}}, "
                                       "ReplicationPad2d{.padding = {2, 4, 1, 3}}>"));
  const auto resize = [&](const char* mode, const char* places, const char* rounding,
                          std::initializer_list<std::int64_t> sizes) {
    OnnxModel r;
    r.integers("sizes", sizes);
    onnx::NodeProto& n = r.node("Resize", {"x", "", "", "sizes"}, "y");
    word(n, "mode", mode), word(n, "coordinate_transformation_mode", places);
    word(n, "nearest_mode", rounding);
    return layer_code(r.read().layers().at(0).layer);
  };
  CHECK(resize("nearest", "asymmetric", "floor", {1, 3, 16, 6}) ==
        "Upsample{.scale_factor = {2, 1}}");
  CHECK(resize("linear", "half_pixel", "floor", {1, 3, 5, 18}) ==
        "Upsample{.size = {5, 18}, .mode = Interpolation::bilinear}");
  CHECK(resize("linear", "align_corners", "floor", {1, 3, 16, 12}) ==
        "Upsample{.scale_factor = 2, .mode = Interpolation::bilinear, .align_corners = true}");
  CHECK_THROWS_WITH(resize("nearest", "half_pixel", "floor", {1, 3, 16, 12}),
                    Catch::Contains("Resize by nearest with half_pixel and floor isn't supported"));
  CHECK_THROWS_WITH(resize("linear", "half_pixel", "floor", {1, 4, 16, 12}),
                    Catch::Contains("resizes channels"));
}

TEST_CASE("ConvTranspose of ONNX") {
  OneNode n("ConvTranspose", {"x", "w"});
  n.weights("w", {3, 4, 3, 3});
  OnnxModel::list(n.only(), "strides", {2, 2});
  OnnxModel::list(n.only(), "pads", {1, 0, 0, 1});
  const auto layer = std::get<ConvTranspose2d>(n.layer().layer);
  // One more row at the end, one column less.
  CHECK((layer.padding == Pair(1, 0) && layer.output_padding == Pair(1, 0) &&
         layer.extra_padding == Pair(0, 1)));
  OnnxModel::list(n.only(), "output_shape", {17, 13});
  CHECK_THROWS_WITH(n.layer(), Catch::Contains("a ConvTranspose is supported with pads"));
}

TEST_CASE("A product of a value and its own sigmoid is a SiLU, of its hard sigmoid a Hardswish") {
  OnnxModel m;
  m.node("Sigmoid", {"x"}, "s");
  m.node("Mul", {"s", "x"}, "a");
  OneNode::set_number(m.node("HardSigmoid", {"a"}, "h"), "alpha", 1.0f / 6);
  m.node("Mul", {"a", "h"}, "y");
  CHECK_THAT(m.code(), Catch::Contains("    SiLU{}, Hardswish{}>{};"));
  OnnxModel taken;
  taken.node("Sigmoid", {"x"}, "s");
  taken.node("Mul", {"s", "x"}, "a");
  taken.node("Add", {"s", "a"}, "y");
  CHECK_THAT(taken.code(), Catch::Contains("MultiplyWith") && !Catch::Contains("SiLU"));
}

TEST_CASE("A PRelu with one slope is a LeakyReLU, if it is positive") {
  OnnxModel m = small_network();
  m.weights("slope", {1, 1, 1});
  onnx::GraphProto& g = *m.model.mutable_graph();
  g.mutable_initializer(5)->set_float_data(0, 0.25f);
  g.mutable_node(2)->set_op_type("PRelu");
  *g.mutable_node(2)->add_input() = "slope";
  CHECK_THAT(m.code(), Catch::Contains("    LeakyReLU{.negative_slope = 0.25f},\n"));
  g.mutable_initializer(5)->set_float_data(0, -0.25f);
  CHECK_THAT(m.code(), Catch::Contains("    PReLU{},\n"));
  g.mutable_initializer(5)->set_dims(0, 4);
  for (int i = 1; i < 4; ++i) g.mutable_initializer(5)->add_float_data(0.5f);
  CHECK_THAT(m.code(), Catch::Contains("    PReLU{.num_parameters = 4},\n"));
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
