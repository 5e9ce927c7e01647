// Stacks of layers and whole ResNets against LibTorch, by the names of their parameters.
#include <etch/models/lenet.hpp>
#include <etch/models/resnet.hpp>
#include <etch/models/resnet8.hpp>

#include <algorithm>
#include <cmath>
#include <map>

#include "harness.hpp"

using namespace etch;
namespace p = parity;

TEST_CASE("stacks of layers") {
  p::compare<
      Sequential<Conv2d{.out_channels = 6, .kernel_size = 3, .padding = 1, .bias = false},
                 BatchNorm2d{}, ReLU{}, MaxPool2d{.kernel_size = 2},
                 Conv2d{.out_channels = 9, .kernel_size = 3}, Tanh{}, Flatten{},
                 Linear{.out_features = 12}, LeakyReLU{}, Linear{.out_features = 5}, Softmax{}>{},
      Shape{2, 10, 8}, 4>(
      "convnet",
      p::sequential(
          {p::conv2d({.in = 2, .out = 6, .kernel = {3, 3}, .padding = {1, 1}, .bias = false}),
           p::batch_norm2d({.in = 6}), p::simple("relu"),
           p::max_pool2d({.kernel = {2, 2}, .stride = {2, 2}}),
           p::conv2d({.in = 6, .out = 9, .kernel = {3, 3}}), p::simple("tanh"),
           p::simple("flatten"), p::linear(54, 12), p::leaky_relu(0.01f), p::linear(12, 5),
           p::simple("softmax")}));
  p::compare<
      Sequential<Residual<Sequential<Conv2d{.out_channels = 4, .kernel_size = 3, .padding = 1},
                                     Sigmoid{}>{}>{},
                 ReLU{},
                 Residual<Sequential<ReLU{}, Conv2d{.out_channels = 7, .kernel_size = 1}>{},
                          Conv2d{.out_channels = 7, .kernel_size = 1}>{},
                 Residual<Identity{}>{}>{},
      Shape{4, 5, 5}>(
      "residuals",
      p::sequential(
          {p::residual(
               p::sequential({p::conv2d({.in = 4, .out = 4, .kernel = {3, 3}, .padding = {1, 1}}),
                              p::simple("sigmoid")}),
               p::sequential({})),
           p::simple("relu"),
           p::residual(p::sequential({p::simple("relu"), p::conv2d({.in = 4, .out = 7})}),
                       p::conv2d({.in = 4, .out = 7})),
           p::residual(p::sequential({}), p::sequential({}))}));
  p::compare<Sequential<Linear{.out_features = 9}, ReLU{},
                        Frozen<Linear{.out_features = 8}, BatchNorm1d{}, Dropout{}>{}, Tanh{},
                        Linear{.out_features = 3}>{},
             Shape{6}, 5>(
      "frozen in the middle",
      p::sequential({p::linear(6, 9), p::simple("relu"),
                     p::frozen(p::sequential({p::linear(9, 8), p::batch_norm1d({.in = 8})})),
                     p::simple("tanh"), p::linear(8, 3)}));
}

namespace {

// The error of several tensors against a float64 run, as one vector: |a - exact| / |exact|.
struct Error {
  double squares = 0, of = 0;

  void add(const p::Array& a, const p::Array& exact) {
    REQUIRE(a.values.size() == exact.values.size());
    for (std::size_t i = 0; i < a.values.size(); ++i) {
      squares += (a.values[i] - exact.values[i]) * (a.values[i] - exact.values[i]);
      of += exact.values[i] * exact.values[i];
    }
  }
  double relative() const { return of > 0 ? std::sqrt(squares / of) : 0; }
};

struct Errors {
  Error etch, torch;

  void add(const p::Array& ours, const p::Array& theirs, const p::Array& exact) {
    etch.add(ours, exact);
    torch.add(theirs, exact);
  }
};

// The wrapper's layers of a stack have a module "layer" inside.
std::string plain(std::string name) {
  const std::string inner = ".layer.";
  const std::size_t at = name.find(inner);
  return at == std::string::npos ? name : name.replace(at, inner.size(), ".");
}

const p::Array& named(const p::Named& all, const std::string& name) {
  for (const p::NamedArray& n : all) {
    if (plain(n.name) == name) return n.array;
  }
  FAIL("torch has no tensor " << name);
  return all[0].array;
}

// Errors of the output, of all gradients, and of all running statistics.
struct Outcomes {
  Errors output, gradients, buffers;
};

// A network forward and backward in etch, LibTorch and LibTorch in float64. Names pair the
// tensors: a ResNet's must be torchvision's.
template <auto model, Shape input, std::size_t batch, Training options, class Spec>
Outcomes run_network(const std::string& name, const Spec& spec, std::uint64_t seed) {
  using Net = p::Probed<Named<"", model>{}, input>;
  constexpr GraphView g = Net::graph;
  p::Module torch(spec, p::Precision::float32, seed), exact(spec, p::Precision::float64, seed);
  const p::Case c{name + std::to_string(seed), batch, p::Input::normal};
  p::Problem problem = p::random_problem(c, {batch, input.channels, input.height, input.width},
                                         {batch, Net::output_shape.elements()}, torch);
  std::map<std::string, p::Array> values;
  for (const p::NamedArray& v : problem.parameters) values[plain(v.name)] = v.array;
  torch.load(problem.parameters);
  exact.load(problem.parameters);
  // etch's order, torch's names.
  problem.parameters.clear();
  for (const bool buffer : {false, true}) {
    for (const Tensor& t : p::tensors_of(g)) {
      const std::string full = host::tensor_name(g, t);
      if (t.buffer == buffer) problem.parameters.push_back({full, values.at(full)});
    }
  }
  const p::Outcome ours = p::etch_outcome<Net, options>(c, problem);
  const p::Run theirs = torch.run(problem.x, problem.dy), truth = exact.run(problem.x, problem.dy);
  Outcomes o;
  o.output.add(ours.y, theirs.y, truth.y);
  o.gradients.add(ours.dx, theirs.dx, truth.dx);
  REQUIRE(ours.gradients.size() == truth.gradients.size());
  for (const p::NamedArray& n : ours.gradients) {
    o.gradients.add(n.array, named(theirs.gradients, n.name), named(truth.gradients, n.name));
  }
  REQUIRE(ours.buffers.size() == truth.buffers.size());
  for (const p::NamedArray& n : ours.buffers) {
    o.buffers.add(n.array, named(theirs.buffers, n.name), named(truth.buffers, n.name));
  }
  return o;
}

// Rounding grows through a deep network whoever computes it, and where it moves a number across
// a ReLU's zero a gradient jumps; so the measure is LibTorch's own float32 error over three
// initialisations, in the middle of which etch's may be at most twice LibTorch's; and with Winograd
// so many times.
template <auto model, Shape input, std::size_t batch, Training options, class Spec = p::ResNetSpec>
void compare_network(const std::string& name, const Spec& spec, double times = 2) {
  std::vector<Outcomes> runs;
  for (const std::uint64_t seed : {3u, 4u, 5u}) {
    runs.push_back(run_network<model, input, batch, options>(name, spec, seed));
  }
  const auto compare = [&](const char* what, Errors Outcomes::*errors) {
    std::vector<double> etch, torch;
    for (const Outcomes& r : runs) {
      etch.push_back((r.*errors).etch.relative());
      torch.push_back((r.*errors).torch.relative());
    }
    std::sort(etch.begin(), etch.end());
    std::sort(torch.begin(), torch.end());
    WARN(name << ", " << what << ": error against float64 " << etch[1] << " (LibTorch " << torch[1]
              << ")");
    CHECK(etch[1] <= times * torch[1] + 1e-7);
  };
  compare("output", &Outcomes::output);
  compare("gradients", &Outcomes::gradients);
  compare("running statistics", &Outcomes::buffers);
}

constexpr Training threads2{.batch = 8, .threads = 2};

}  // namespace

// Smooth, so that no gradient jumps: its error is that of the rounding alone.
TEST_CASE("Winograd in training") {
  constexpr auto net =
      Sequential<Conv2d{.out_channels = 32, .kernel_size = 3, .padding = 1}, BatchNorm2d{}, Tanh{},
                 Conv2d{.out_channels = 32, .kernel_size = 3, .padding = 1}, Tanh{},
                 Conv2d{.out_channels = 48, .kernel_size = 3}, Tanh{}, GlobalAvgPool2d{},
                 Linear{.out_features = 10}>{};
  const p::LayerSpec spec =
      p::sequential({p::conv2d({.in = 16, .out = 32, .kernel = {3, 3}, .padding = {1, 1}}),
                     p::batch_norm2d({.in = 32}), p::simple("tanh"),
                     p::conv2d({.in = 32, .out = 32, .kernel = {3, 3}, .padding = {1, 1}}),
                     p::simple("tanh"), p::conv2d({.in = 32, .out = 48, .kernel = {3, 3}}),
                     p::simple("tanh"), p::simple("global_avg_pool"), p::linear(48, 10)});
  constexpr Training winograd{.batch = 4, .threads = 2, .winograd = true};
  compare_network<net, Shape{16, 26, 20}, 4, threads2>("smooth", spec);
  compare_network<net, Shape{16, 26, 20}, 4, winograd>("smooth, Winograd", spec, 3);
}

TEST_CASE("ResNet-8") {
  compare_network<resnet8<10>, Shape{3, 32, 32}, 4, threads2>(
      "resnet8", {.resnet8 = true, .in_channels = 3, .classes = 10});
}

TEST_CASE("ResNet-18") {
  compare_network<resnet18<10>, Shape{1, 32, 32}, 8, threads2>("resnet18 1x32x32",
                                                               {.in_channels = 1});
  compare_network<resnet18<10>, Shape{3, 64, 64}, 2, threads2>("resnet18 3x64x64", {});
}

TEST_CASE("ResNet-101") {
  const p::ResNetSpec spec{.blocks = {3, 4, 23, 3}, .bottleneck = true, .in_channels = 1};
  p::ResNetSpec v1 = spec, color = spec, color_v1 = spec, plain = spec;
  v1.stride_on_first = color_v1.stride_on_first = true;
  color.in_channels = color_v1.in_channels = 3;
  plain.batch_norm = false;
  compare_network<resnet101<10>, Shape{1, 32, 32}, 8, threads2>("resnet101 1x32x32", spec);
  compare_network<resnet101<10, Stride::on_first_1x1>, Shape{1, 32, 32}, 8, threads2>(
      "resnet101 v1 1x32x32", v1);
  compare_network<resnet101<10>, Shape{3, 64, 64}, 2, threads2>("resnet101 3x64x64", color);
  compare_network<resnet101<10, Stride::on_first_1x1>, Shape{3, 64, 64}, 2, threads2>(
      "resnet101 v1 3x64x64", color_v1);
  compare_network<resnet101<10, Stride::on_3x3, Norm::without>, Shape{1, 32, 32}, 8, threads2>(
      "resnet101 without batch norm 1x32x32", plain);
}
