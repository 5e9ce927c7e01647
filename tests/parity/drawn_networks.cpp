// Small networks drawn by lot beside LibTorch in double, as a graph runs them: what stands between
// the layers, and what layers make of the shapes before them.
#include "../drawn.hpp"

#include "harness.hpp"
#include "network/tree_json.hpp"

#include <etch/host/network/run_time_graph.hpp>
#include <etch/host/program/session.hpp>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace etch;
using namespace etch::host;
namespace p = parity;
using drawn::pick;

namespace {

// The same layers for both.
class DrawnNetwork {
 public:
  explicit DrawnNetwork(Generator& random) : random_(random), norms_(random.below(2) == 0) {
    // A weight of few inputs before a norm changes little but its scale, which the norm takes away.
    shape_ = input_ = {pick(random_, 3, 9), pick(random_, 2, 7), pick(random_, 2, 7)};
    if (chance()) conv();
    if (norms_ && chance()) norm2d();
    if (chance()) leaky();
    if (chance()) {
      add(GlobalAvgPool2d{}, p::simple("global_avg_pool"));
    } else {
      add(Flatten{}, p::simple("flatten"));
    }
    for (std::size_t left = pick(random_, 0, 2); left > 0; --left) {
      if (norms_ && !shifted_ && chance()) norm();
      linear(pick(random_, 4, 40));
      if (norms_ && !shifted_ && chance()) norm();
      leaky();
    }
    linear(pick(random_, 2, 12));
  }

  Tree tree() const { return {.kind = Tree::sequential, .children = layers_}; }
  p::LayerSpec spec() const { return p::sequential(specs_); }
  Shape input() const { return input_; }
  std::size_t classes() const { return shape_.channels; }

 private:
  bool chance() { return random_.below(2) == 0; }

  template <class L>
  void add(const L& layer, p::LayerSpec spec) {
    layers_.push_back(tree_of(layer));
    specs_.push_back(std::move(spec));
    shape_ = layer.output(shape_);
  }
  void conv() {
    const std::size_t out = pick(random_, 3, 9);
    const bool bias = !norms_ && chance();
    add(Conv2d{.out_channels = out, .kernel_size = 3, .padding = 1, .bias = bias},
        p::conv2d({.in = shape_.channels,
                   .out = out,
                   .kernel = {3, 3},
                   .padding = {1, 1},
                   .bias = bias}));
  }
  void linear(std::size_t out) {
    const bool bias = !norms_ && chance();
    add(Linear{.out_features = out, .bias = bias}, p::linear(shape_.channels, out, bias));
  }
  void norm2d() {
    add(BatchNorm2d{}, p::batch_norm2d({.in = shape_.channels}));
    shifted_ = true;
  }
  void norm() {
    const float eps = chance() ? 1e-5f : 1e-3f;
    add(BatchNorm1d{.eps = eps}, p::batch_norm1d({.in = shape_.channels, .eps = double{eps}}));
    shifted_ = true;
  }
  void leaky() {
    const float slope = (random_.uniform() + 1) / 4 + 1e-3f;
    shifted_ = false;
    add(LeakyReLU{.negative_slope = slope}, p::leaky_relu(double{slope}));
  }

  Generator& random_;
  Shape input_, shape_;
  // A norm takes away what a bias before it adds, or another norm's unless an activation lies
  // between: the bias's gradient is then a sum to 0, of which rounding alone is left.
  bool norms_, shifted_ = false;
  std::vector<Tree> layers_;
  std::vector<p::LayerSpec> specs_;
};

template <class Visit>
void each_tensor(GraphView g, bool buffers, const Visit& visit) {
  for (int t = 0; t < g.size.tensors; ++t) {
    if (g.tensors[t].buffer == buffers && g.tensors[t].size() > 0) visit(g.tensors[t]);
  }
}

// Rounds them to floats, which etch is given.
p::Named rounded(p::Named all) {
  for (p::NamedArray& n : all) {
    for (double& v : n.array.values) v = static_cast<float>(v);
  }
  return all;
}

// A norm divides errors by its deviation as it does numbers: they are relative to the largest of a
// tensor, or to terms of 0.1.
void check(const std::string& what, const p::Array& got, const p::Array& want) {
  REQUIRE(got.values.size() == want.values.size());
  double largest = 0.1;
  for (const double v : want.values) largest = std::max(largest, std::abs(v));
  for (std::size_t i = 0; i < want.values.size(); ++i) {
    if (!(std::abs(got.values[i] - want.values[i]) <= 1e-5 * largest)) {
      FAIL(what << " at " << i << ": " << got.values[i] << " instead of " << want.values[i]);
    }
  }
}

}  // namespace

TEST_CASE("networks of Linear, BatchNorm1d, GlobalAvgPool2d and LeakyReLU drawn by lot") {
  drawn::for_each_case(40, [](Generator& random, unsigned) {
    const DrawnNetwork network(random);
    const RunTimeGraph owner("drawn", network.tree(), network.input());
    const GraphView g = owner.view();
    INFO(tree_json(owner.tree()).dump() << " of " << network.input().channels << "x"
                                        << network.input().height << "x" << network.input().width);
    const std::size_t batch = pick(random, 6, 12);
    p::Array x{{batch, network.input().channels, network.input().height, network.input().width},
               {}};
    for (std::size_t i = 0; i < batch * network.input().elements(); ++i) {
      x.values.push_back(double{random.normal()});
    }
    std::vector<std::int32_t> labels(batch);
    for (auto& label : labels) label = static_cast<std::int32_t>(random.below(network.classes()));

    p::Module torch(network.spec(), p::Precision::float64, random.below(1000));
    const p::Named parameters = rounded(torch.parameters());
    torch.load(parameters);
    Session session(g, {.training = {.batch = batch, .threads = pick(random, 1, 4)}});
    std::size_t next = 0;
    each_tensor(g, false, [&](const Tensor& t) {
      REQUIRE(parameters.at(next).array.values.size() == t.size());
      const std::vector<float> from = p::floats(parameters[next++].array);
      from_torch(t, from.data(), session.parameters().data() + g.offset_of(t));
    });
    REQUIRE(next == parameters.size());

    const p::Run want = torch.cross_entropy(x, {labels.begin(), labels.end()}, 0);
    const float loss = session.backward(p::to_nhwc(x, batch, network.input()), labels);
    CHECK(loss == Approx(want.loss).epsilon(1e-5));
    check("output", {{}, {session.output().begin(), session.output().end()}}, want.y);
    const auto compare = [&](const float* values, bool buffers, const p::Named& with) {
      std::size_t at = 0;
      each_tensor(g, buffers, [&](const Tensor& t) {
        const p::NamedArray& n = with.at(at++);
        check(n.name, p::tensor_array(t, values + (buffers ? g.offset_of(t) : t.offset)), n.array);
      });
      REQUIRE(at == with.size());
    };
    compare(session.gradients().data(), false, want.gradients);
    compare(session.parameters().data(), true, want.buffers);
  });
}
