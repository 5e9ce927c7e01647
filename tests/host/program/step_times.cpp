// What a profile says of a program's steps.
#include "program/step_times.hpp"

#include <etch/etch.hpp>
#include <etch/host/network/models.hpp>

#include <catch2/catch.hpp>

#include <set>

using namespace etch;
using namespace etch::host;

static constexpr auto small =
    Sequential<Conv2d{.out_channels = 8, .kernel_size = 3, .padding = 1}, BatchNorm2d{}, ReLU{},
               Conv2d{.out_channels = 8,
                      .kernel_size = {5, 3},
                      .stride = {1, 2},
                      .padding = {4, 2},
                      .dilation = {2, 1},
                      .groups = 8,
                      .bias = false},
               MaxPool2d{.kernel_size = 2}, Flatten{}, Linear{.out_features = 3}>{};
using Small = Network<small, Shape{2, 7, 9}>;

// The definition: every tap of every output, one by one.
static std::size_t counted(const kernels::ConvGeometry& g) {
  const Window& w = g.window;
  const auto hits = [](std::size_t at, std::size_t tap, std::size_t stride, std::size_t dilation,
                       std::size_t padding, std::size_t length) {
    const std::size_t padded = at * stride + tap * dilation;
    return padded >= padding && padded < padding + length;
  };
  std::size_t taps = 0;
  for (std::size_t r = 0; r < g.output.height; ++r)
    for (std::size_t c = 0; c < g.output.width; ++c)
      for (std::size_t u = 0; u < w.kernel_size.height; ++u)
        for (std::size_t v = 0; v < w.kernel_size.width; ++v)
          taps +=
              hits(r, u, w.stride.height, w.dilation.height, w.padding.height, g.input.height) &&
              hits(c, v, w.stride.width, w.dilation.width, w.padding.width, g.input.width);
  return taps * g.inputs() * g.output.channels;
}

TEST_CASE("Multiplications inside the input are those that the definition makes") {
  const GraphView graph = Small::graph;
  CHECK(inside_macs(graph, 0) == counted(graph.tensors[0].geometry));
  CHECK(inside_macs(graph, 0) < graph.ops[0].macs);
  const Tensor& depthwise = graph.tensors[6];
  CHECK(std::string(graph.ops[depthwise.op].kind) == "Conv2d");
  CHECK(inside_macs(graph, depthwise.op) == counted(depthwise.geometry));
  CHECK(inside_macs(graph, graph.size.ops - 1) == graph.ops[graph.size.ops - 1].macs);
}

TEST_CASE("A profile has every step of inference, fused layers by name") {
  const Profile p = profile(Small::graph, InferenceOptions{.batch = 2}, 0.0);
  CHECK(p.steps.size() == Inference<Small, InferenceOptions{.batch = 2}>::steps.size());
  CHECK(p.runs == 5);
  CHECK(p.steps[1].layer == "0 Conv2d + BatchNorm2d + ReLU");
  CHECK(p.steps[1].macs == 2 * inside_macs(Small::graph, 0));
  for (const StepTime& s : p.steps) {
    CHECK(s.seconds > 0);
    CHECK(s.best <= s.seconds);
    CHECK(s.seconds <= p.seconds);
  }
}

TEST_CASE("A profile of training counts both gradients, and the optimizer") {
  std::size_t macs = 0;
  for (int i = 0; i < Small::graph.size.ops; ++i) macs += inside_macs(Small::graph, i);
  for (const Update update : {Update::accumulate, Update::fused}) {
    const Profile p = profile(Small::graph, Training{.batch = 2, .update = update}, 0.0);
    std::size_t all = 0, updates = 0;
    std::set<std::string> passes;
    for (const StepTime& s : p.steps) {
      all += s.macs;
      updates += s.pass == "update";
      passes.insert(s.pass);
    }
    // Nobody wants the gradient of the network's input.
    CHECK(all == 2 * (3 * macs - inside_macs(Small::graph, 0)));
    CHECK(updates == (update == Update::fused ? 4u : 1u));
    CHECK(passes == std::set<std::string>{"forward", "loss", "backward", "update"});
  }
}
