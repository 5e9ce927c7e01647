// A network at run time is the network of the compiler: the same graph, field by field.
#include <etch/host/network/run_time_graph.hpp>

#include "host/network/same_graph.hpp"
#include "network/tree_json.hpp"

#include <etch/host/error.hpp>
#include <etch/host/program/session.hpp>
#include <etch/models/autoencoder.hpp>
#include <etch/models/ds_cnn.hpp>
#include <etch/models/lenet.hpp>
#include <etch/models/mobilenet.hpp>
#include <etch/models/resnet.hpp>
#include <etch/models/resnet8.hpp>

#include <nlohmann/json.hpp>

#include <memory>

using namespace etch;
using namespace etch::host;

namespace {

template <Layer auto net, Shape input>
void check_same() {
  using Net = Network<net, input>;
  const Tree tree = tree_of(net);
  const RunTimeGraph graph("net", tree, input);
  CHECK(graph.output() == Net::output_shape);
  same::check_graphs(graph.view(), Net::graph);
  // And after a file has had it.
  const nlohmann::json json = parse_json(tree_json(tree).dump(), tree_json_depth);
  const RunTimeGraph read("net", tree_from(JsonValue(json)), input);
  same::check_graphs(read.view(), Net::graph);
}

std::string error_of(Tree tree, Shape input) {
  try {
    const RunTimeGraph graph("net.onnx", std::move(tree), input);
    return "";
  } catch (const Error& e) {
    return e.what();
  }
}

}  // namespace

TEST_CASE("At run time the models of the zoo have the graphs that the compiler makes of them") {
  check_same<convnet<10>, Shape{1, 28, 28}>();
  check_same<lenet<10>, Shape{1, 28, 28}>();
  check_same<resnet8<10>, Shape{3, 32, 32}>();
  check_same<ds_cnn<12>, Shape{1, 49, 10}>();
  check_same<mobilenet_025<2>, Shape{3, 96, 96}>();
  check_same<autoencoder<>, Shape{640}>();
  check_same<resnet18<10>, Shape{1, 32, 32}>();
  check_same<resnet34<10, Norm::without>, Shape{1, 32, 32}>();
  check_same<resnet50<10, Stride::on_first_1x1>, Shape{1, 32, 32}>();
  check_same<resnet101<1000>, Shape{3, 224, 224}>();
  check_same<resnet152<10, Stride::on_3x3, Norm::without>, Shape{1, 32, 32}>();
}

TEST_CASE("So do networks of every layer and every way of nesting") {
  check_same<
      Sequential<
          Frozen<Conv2d{.out_channels = 8, .kernel_size = 3, .algorithm = Algorithm::loops},
                 BatchNorm2d{.eps = 0.25f, .momentum = 0.5f, .affine = false}>{},
          Repeat<3, Residual<Sequential<
                        Conv2d{.out_channels = 8, .kernel_size = 3, .padding = 1, .groups = 2},
                        LeakyReLU{0.2f}>{}>{}>{},
          Named<"pool", MaxPool2d{.kernel_size = 2, .stride = 1}>{},
          Residual<Conv2d{.out_channels = 4, .kernel_size = 1},
                   Named<"around", Conv2d{.out_channels = 4, .kernel_size = 1}>{}>{},
          AvgPool2d{.kernel_size = {2, 3}, .padding = 1, .count_include_pad = false}, ReLU6{},
          Dropout{0.25f}, Flatten{}, BatchNorm1d{}, Sigmoid{},
          Named<"", Sequential<Linear{.out_features = 9}, Tanh{}>{}>{}, Softmax{}>{},
      Shape{2, 9, 9}>();
}

TEST_CASE("So do networks of the other activations") {
  check_same<Sequential<Hardtanh{-2, 3}, Hardsigmoid{}, Hardswish{}, ELU{0.5f}, SiLU{}, GELU{},
                        GELU{Approximate::tanh}, PReLU{.num_parameters = 3, .init = 0.125f},
                        Flatten{}, PReLU{}, PReLU{.num_parameters = 12}, LogSoftmax{}>{},
             Shape{3, 2, 2}>();
}

TEST_CASE("So do networks of transposed convolutions") {
  check_same<Sequential<ConvTranspose2d{.out_channels = 6,
                                        .kernel_size = 3,
                                        .stride = 2,
                                        .padding = 1,
                                        .output_padding = {1, 0},
                                        .groups = 2},
                        ConvTranspose2d{.in_channels = 6,
                                        .out_channels = 3,
                                        .kernel_size = {2, 3},
                                        .bias = false,
                                        .dilation = {1, 2},
                                        .algorithm = Algorithm::loops,
                                        .extra_padding = 1}>{},
             Shape{4, 3, 2}>();
}

TEST_CASE("So do networks of borders and of other sizes") {
  check_same<
      Sequential<ZeroPad2d{{1, 2, 3, 4}}, ReflectionPad2d{1}, ReplicationPad2d{{0, 1, 0, 2}},
                 Upsample{.scale_factor = {2, 3}},
                 Upsample{.size = {5, 4}, .mode = Interpolation::bilinear, .align_corners = true},
                 Upsample{.scale_factor = 2, .mode = Interpolation::bilinear}>{},
      Shape{4, 3, 2}>();
}

TEST_CASE("So do networks with branches and with named values") {
  constexpr auto conv = Conv2d{.out_channels = 4, .kernel_size = 3, .padding = 1};
  check_same<
      Sequential<Save<"input">{}, conv, Save<"skip">{},
                 Repeat<2, Add<conv, Identity{}, ReLU{}>{}>{},
                 Multiply<Identity{},
                          Named<"gate", Sequential<GlobalAvgPool2d{}, Linear{.out_features = 4},
                                                   Sigmoid{}>{}>{}>{},
                 Concat<Identity{}, Named<"side", conv>{}, ReLU{}, Concat<conv, Tanh{}>{}>{},
                 ConcatWith<"skip">{}, conv, AddWith<"skip">{}, MultiplyWith<"skip">{},
                 Concat<Load<"input">{}, Identity{}>{}, Flatten{}, Concat<Identity{}, ReLU{}>{}>{},
      Shape{2, 5, 6}>();
}

TEST_CASE("A network at run time infers and trains as that of the compiler: the same bits") {
  using Net = Network<resnet8<10>, Shape{3, 32, 32}>;
  constexpr std::size_t batch = 3, pixels = 3 * 32 * 32;
  using T = Trainer<Net, CrossEntropyLoss{}, SGD{.lr = 0.01}, Training{.batch = batch}>;
  const auto trainer = std::make_unique<T>(7);
  const RunTimeGraph graph("net", tree_of(resnet8<10>), Shape{3, 32, 32});
  SessionOptions options{.training = {.batch = batch}, .optimizer = SGD{.lr = 0.01}, .seed = 7};
  Session session(graph.view(), options);
  std::vector<float> images(batch * pixels);
  Generator random{2};
  for (float& x : images) x = random.uniform();
  const std::vector<std::int32_t> labels = {1, 5, 0};
  for (int step = 0; step < 3; ++step) {
    CHECK(session.step(images, labels) == trainer->step(images, labels));
  }
  const std::span<const float> ours = session.parameters();
  CHECK(std::equal(ours.begin(), ours.end(), trainer->parameters().values));
  const auto net =
      std::make_unique<Inference<Net, InferenceOptions{.batch = batch}>>(trainer->parameters());
  const std::span<const float> y = session.evaluate(images), want = net->batch(images);
  CHECK(std::equal(y.begin(), y.end(), want.begin(), want.end()));
}

TEST_CASE("A layer that can't take its input is refused by the sentence that the compiler has") {
  const Tree tree =
      tree_of(Sequential<
              Named<"features", Sequential<Conv2d{.out_channels = 8, .kernel_size = 3}, Flatten{},
                                           Linear{.in_features = 784, .out_features = 10}>{}>{}>{});
  CHECK(error_of(tree, {1, 28, 28}) ==
        "net.onnx: features.2: Linear: in_features must equal the size of the input (784, 5408)");
  CHECK(error_of(tree, {1, 2, 28}) ==
        "net.onnx: features.0: Conv2d: the kernel must not be higher than the padded input (3, 2)");
  CHECK(error_of(tree_of(Sequential<Repeat<2, MaxPool2d{.kernel_size = 2}>{}>{}), {1, 28, 28}) ==
        "net.onnx: Repeat: the block must keep the height of its input (14, 28)");
  CHECK(error_of(tree_of(Sequential<LeakyReLU{-1.0f}>{}), {1, 2, 2}) ==
        "net.onnx: 0: LeakyReLU: negative_slope must be positive and finite");
  CHECK(error_of(tree, {1, 0, 28}) == "net.onnx: the input has the shape 1x0x28");
  CHECK(error_of(tree_of(Sequential<Save<"skip">{}, ReLU{}, Load<"skap">{}>{}), {1, 2, 2}) ==
        "net.onnx: 2.skap: Load: a name must be saved before it is used");
  CHECK(error_of(tree_of(Sequential<Named<"top", Sequential<ReLU{}, Save<"skip">{}>{}>{}>{}),
                 {1, 2, 2}) == "net.onnx: top.1.skip: Save: the name must be used");
  CHECK(error_of(tree_of(Sequential<ReLU{}, Concat<Identity{}, MaxPool2d{.kernel_size = 2}>{}>{}),
                 {1, 4, 2}) == "net.onnx: 1: Concat: branches must end in the same height (2, 4)");
}

TEST_CASE("A network in a file that isn't one is refused, by the part that is wrong") {
  const auto error = [](const char* text) -> std::string {
    try {
      const nlohmann::json json = parse_json(text);
      tree_from(JsonValue(json));
      return "";
    } catch (const Error& e) {
      return e.what();
    }
  };
  CHECK_THAT(error(R"({"sequential": [{"layer": "Conv3d"}]})"),
             Catch::Contains("there is no layer Conv3d"));
  CHECK_THAT(error(R"({"sequential": [{"layer": "ReLU", "slope": 1}]})"),
             Catch::Contains("sequential[0] has fields that a ReLU hasn't"));
  CHECK_THAT(error(R"({"layer": "Conv2d", "kernel_size": 3})"),
             Catch::Contains("kernel_size is 3, but an array is expected"));
  CHECK_THAT(error(R"({"layer": "Linear", "out_features": -3})"), Catch::Contains("out_features"));
  CHECK_THAT(error(R"({"repeat": 2})"), Catch::Contains("of is missing"));
  CHECK_THAT(error(R"({"named": "a.b", "of": {"layer": "ReLU"}})"),
             Catch::Contains("a name without dots is expected"));
  CHECK_THAT(error(R"({"concat": []})"), Catch::Contains("concat has no branch"));
  CHECK_THAT(error(R"({"save": "a.b"})"), Catch::Contains("a name without dots is expected"));
  CHECK_THAT(error("{}"), Catch::Contains("neither a layer nor layers that are nested"));
}
