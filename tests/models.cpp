// The zoo: PyTorch's and MLPerf's parameter counts, torchvision's names.
#include <etch/models/autoencoder.hpp>
#include <etch/models/ds_cnn.hpp>
#include <etch/models/lenet.hpp>
#include <etch/models/mobilenet.hpp>
#include <etch/models/resnet.hpp>
#include <etch/models/resnet8.hpp>

#include <catch2/catch.hpp>
#include <string>

using namespace etch;

inline constexpr Shape mnist{1, 28, 28}, imagenet{3, 224, 224};

static_assert(Network<lenet<10>, mnist>::num_parameters == 61'706);
static_assert(Network<convnet<10>, mnist>::output_shape == Shape{10});
static_assert(Network<resnet8<10>, Shape{3, 32, 32}>::num_parameters == 78'186);
static_assert(Network<mobilenet_025<2>, Shape{3, 96, 96}>::num_parameters == 216'322);
static_assert(Network<mobilenet_025<2>, Shape{3, 96, 96}>::macs == 7'489'664);
static_assert(Network<ds_cnn<12>, Shape{1, 49, 10}>::num_parameters == 23'756);
static_assert(Network<ds_cnn<12>, Shape{1, 49, 10}>::macs == 2'656'768);
static_assert(Network<autoencoder<>, Shape{640}>::num_parameters == 267'928);
static_assert(Network<autoencoder<Norm::without>, Shape{640}>::output_shape == Shape{640});
static_assert(Network<resnet18<1000>, imagenet>::num_parameters == 11'689'512);
static_assert(Network<resnet34<1000>, imagenet>::num_parameters == 21'797'672);
static_assert(Network<resnet50<1000>, imagenet>::num_parameters == 25'557'032);
static_assert(Network<resnet101<1000>, imagenet>::num_parameters == 44'549'160);
static_assert(Network<resnet152<1000>, imagenet>::num_parameters == 60'192'808);
static_assert(Network<resnet101<1000, Stride::on_first_1x1>, imagenet>::num_parameters ==
              44'549'160);
static_assert(
    Network<resnet101<10, Stride::on_first_1x1, Norm::without>, Shape{1, 32, 32}>::num_parameters ==
    42'409'034);
static_assert(Network<resnet101<1000>, imagenet>::macs == 7'801'405'440);
static_assert(Network<resnet101<1000, Stride::on_first_1x1>, imagenet>::macs == 7'570'194'432);

namespace {

std::string name_of(GraphView g, const Tensor& t) {
  std::string name = t.name;
  for (int s = g.ops[t.op].scope; s != none; s = g.scopes[s].parent) {
    const Scope& scope = g.scopes[s];
    name = (scope.name != nullptr ? std::string(scope.name) : std::to_string(scope.index)) + "." +
           name;
  }
  return name;
}

bool has(GraphView g, const std::string& name) {
  for (int i = 0; i < g.size.tensors; ++i) {
    if (name_of(g, g.tensors[i]) == name) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("names are torchvision's") {
  constexpr GraphView g = Network<resnet101<1000>, imagenet>::graph;
  for (const char* name :
       {"conv1.weight", "bn1.running_mean", "layer1.0.conv1.weight", "layer1.0.downsample.0.weight",
        "layer1.0.downsample.1.bias", "layer1.2.bn3.weight", "layer3.22.conv2.weight",
        "layer4.2.bn3.running_var", "fc.weight", "fc.bias"}) {
    INFO(name);
    CHECK(has(g, name));
  }
  CHECK_FALSE(has(g, "layer3.23.conv2.weight"));
  CHECK_FALSE(has(g, "layer1.1.downsample.0.weight"));
  CHECK(g.size.tensors == 104 + 104 * 4 + 2);
  CHECK(has(Network<resnet18<10>, Shape{1, 32, 32}>::graph, "layer1.1.conv2.weight"));
  CHECK_FALSE(has(Network<resnet18<10>, Shape{1, 32, 32}>::graph, "layer1.0.downsample.0.weight"));
}

TEST_CASE("a Sequential numbers its layers, a Residual's body keeps its names") {
  constexpr auto net =
      Sequential<Conv2d{.out_channels = 2, .kernel_size = 1}, ReLU{},
                 Residual<Sequential<Conv2d{.out_channels = 2, .kernel_size = 1}>{},
                          Conv2d{.out_channels = 2, .kernel_size = 1}>{},
                 Repeat<2, Conv2d{.out_channels = 2, .kernel_size = 1}>{}, Flatten{},
                 Linear{.out_features = 2}>{};
  constexpr GraphView g = Network<net, Shape{1, 2, 2}>::graph;
  for (const char* name :
       {"0.weight", "2.0.weight", "2.shortcut.bias", "3.weight", "4.weight", "6.bias"}) {
    INFO(name);
    CHECK(has(g, name));
  }
}
