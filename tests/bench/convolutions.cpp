// Every distinct convolution of ResNet-101: forward, input gradient (dX), weight gradient (dW).
#include "row.hpp"
#include "with_torch.hpp"

#include <etch/kernels/conv2d.hpp>
#include <etch/kernels/conv_work.hpp>
#include <etch/models/resnet.hpp>

#include <algorithm>

namespace bench {
namespace {

using namespace etch;
using namespace etch::kernels;

struct Setting {
  const char* name;
  GraphView graph;
  std::size_t batch;
};

// The operands of one convolution.
struct Operands {
  Operands(const ConvGeometry& geometry, std::size_t images, std::size_t scratch_bytes)
      : g(geometry),
        batch(images),
        x(images * geometry.input.elements()),
        y(images * geometry.output.elements()),
        weight(geometry.weights()),
        work(scratch(scratch_bytes)) {}

  ConvGeometry g;
  std::size_t batch;
  Values x, y, weight;
  std::shared_ptr<std::byte> work;
};

Run forward(const ConvGeometry& g, std::size_t batch) {
  const auto o = std::make_shared<Operands>(g, batch, conv2d_forward_scratch(g, batch, threads()));
  return [o] {
    conv2d_forward(
        {o->g, o->batch, threads(), o->x.data(), o->weight.data(), o->y.data(), {}, o->work.get()});
  };
}

Run winograd(const ConvGeometry& g, std::size_t batch) {
  const auto o = std::make_shared<Operands>(g, batch, winograd_scratch(g, batch, threads()));
  const auto prepared = std::make_shared<Values>(winograd_weights(g));
  winograd_prepare({o->g, o->weight.data(), prepared->data()});
  return [o, prepared] {
    winograd_forward(
        {o->g, o->batch, threads(), o->x.data(), prepared->data(), o->y.data(), {}, o->work.get()});
  };
}

Run input_gradient(const ConvGeometry& g, std::size_t batch) {
  const auto o =
      std::make_shared<Operands>(g, batch, conv2d_input_gradient_scratch(g, batch, threads()));
  return [o] {
    conv2d_input_gradient({o->g, o->batch, threads(), o->y.data(), o->weight.data(), o->x.data(),
                           false, o->work.get()});
  };
}

Run weight_gradient(const ConvGeometry& g, std::size_t batch) {
  const auto o =
      std::make_shared<Operands>(g, batch, conv2d_weight_gradient_scratch(g, batch, threads()));
  return [o] {
    conv2d_weight_gradient({o->g, o->batch, threads(), o->x.data(), o->y.data(), o->weight.data(),
                            nullptr, false, o->work.get()});
  };
}

bool same(const ConvGeometry& a, const ConvGeometry& b) {
  return a.input == b.input && a.output == b.output && a.window == b.window;
}

// In the network's order.
std::vector<ConvGeometry> distinct_convolutions(GraphView graph) {
  std::vector<ConvGeometry> all;
  for (int i = 0; i < graph.size.tensors; ++i) {
    const Tensor& t = graph.tensors[i];
    if (t.rank != 4) continue;
    const auto is_same = [&](const ConvGeometry& g) { return same(g, t.geometry); };
    if (std::none_of(all.begin(), all.end(), is_same)) all.push_back(t.geometry);
  }
  return all;
}

// "64->64 3x3:2 56x56", of which :2 is the stride.
std::string name_of(const ConvGeometry& g) {
  const Window& w = g.window;
  const std::string stride = w.stride.height > 1 ? text(":", w.stride.height) : "";
  return text(g.input.channels, "->", g.output.channels, " ", w.kernel_size.height, "x",
              w.kernel_size.width, stride, " ", g.input.height, "x", g.input.width);
}

using TorchPass = Run (*)(const TorchConvolution&);

void add_torch(const std::string& name, const Work& work, const ConvGeometry& g, std::size_t batch,
               TorchPass pass) {
  for (const bool channels_last : {false, true}) {
    const TorchConvolution c{batch,
                             g.input.channels,
                             g.input.height,
                             g.input.width,
                             g.output.channels,
                             g.window.kernel_size.height,
                             g.window.kernel_size.width,
                             g.window.stride.height,
                             g.window.padding.height,
                             channels_last};
    add_row(name + (channels_last ? "/torch, channels last" : "/torch"), work,
            [=] { return pass(c); });
  }
}

void add_convolution(const Setting& s, const ConvGeometry& g, bool first) {
  const double batch = static_cast<double>(s.batch);
  const Work work{.macs = batch * static_cast<double>(counted_macs(g)),
                  .real = batch * static_cast<double>(real_macs(g))};
  const std::string before = text(s.name, "/"), after = text("/", name_of(g));
  const auto add = [&](const char* pass, auto make, TorchPass torch) {
    const std::string name = before + pass + after;
    add_row(name + "/etch", work, [=, batch = s.batch] { return make(g, batch); });
    if (with_torch) add_torch(name, work, g, s.batch, torch);
  };
  add("forward", forward, torch_forward);
  if (winograd_tile(g) > 0) {
    add_row(before + "forward" + after + "/etch, Winograd", work,
            [=, batch = s.batch] { return winograd(g, batch); });
  }
  // Nobody wants the gradient of the network's input.
  if (!first) add("dX", input_gradient, torch_input_gradient);
  add("dW", weight_gradient, torch_weight_gradient);
}

}  // namespace

void add_convolutions() {
  static constexpr GraphView photo = Network<resnet101<1000>, Shape{3, 224, 224}>::graph;
  static constexpr GraphView digit =
      Network<resnet101<10, Stride::on_first_1x1>, Shape{1, 32, 32}>::graph;
  for (const Setting& s :
       {Setting{"224x224, batch 1", photo, 1}, Setting{"224x224, batch 8", photo, 8},
        Setting{"32x32, batch 64", digit, 64}}) {
    bool first = true;
    for (const ConvGeometry& g : distinct_convolutions(s.graph)) {
      add_convolution(s, g, first);
      first = false;
    }
  }
}

}  // namespace bench
