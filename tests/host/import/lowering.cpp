// The graph of an imported network.
#include "import/lowering.hpp"

#include <etch/host/program/session.hpp>
#include "drawn.hpp"
#include "host/import/reference.hpp"
#include "network/names.hpp"

#include <etch/etch.hpp>
#include <etch/kernels/layout.hpp>
#include <etch/topology.hpp>

#include <catch2/catch.hpp>

#include <set>

using namespace etch;
using namespace etch::host;

namespace {

// Layers over images of one size, and what joins some of the values so far.
class DrawnBranches {
 public:
  explicit DrawnBranches(Generator& random) : random_(random), network_("m") {
    const std::size_t side = drawn::pick(random, 1, 5);
    values_.push_back(network_.input({drawn::pick(random, 1, 4), side, side}));
    for (std::size_t i = drawn::pick(random, 2, 9); i > 0; --i) values_.push_back(made());
    // What nobody has read so far is joined.
    std::vector<int> ends;
    for (const int v : values_) {
      if (!read_.contains(v)) ends.push_back(v);
    }
    network_.set_output(ends.size() == 1 ? ends[0] : network_.concat("", ends));
  }
  const ImportedNetwork& network() const { return network_; }

 private:
  int any() {
    const int v = random_.below(2) == 0 ? values_.back() : values_[random_.below(values_.size())];
    read_.insert(v);
    return v;
  }
  int conv(int x, std::size_t channels) {
    const std::size_t kernel = random_.below(2) == 0 ? 1 : 3;
    std::vector<float> weight(channels * network_.shape(x).channels * kernel * kernel);
    for (float& w : weight) w = random_.uniform() / 4;
    return network_.conv2d("", x, {.kernel_size = kernel, .padding = kernel / 2}, 1,
                           std::move(weight), {});
  }
  int made() {
    const int x = any();
    const std::size_t channels = network_.shape(x).channels;
    switch (random_.below(6)) {
      case 0:
        return conv(x, drawn::pick(random_, 1, 5));
      case 1:
        return network_.activation("", Tanh{}, x);
      case 2:
        return network_.add("", conv(any(), channels), x);
      case 3:
        return network_.multiply("", x, conv(any(), channels));
      case 4:
        return network_.multiply("", network_.global_avg_pool("", conv(any(), channels)), x);
      default: {
        std::vector<int> parts = {x};
        for (std::size_t i = random_.below(4); i > 0; --i) parts.push_back(any());
        return network_.concat("", parts);
      }
    }
  }

  Generator& random_;
  ImportedNetwork network_;
  std::vector<int> values_;
  std::set<int> read_;
};

std::vector<float> evaluated(const Lowering& lowering, const std::vector<float>& image) {
  const GraphView graph = lowering.graph();
  Session session(graph, {.evaluates_only = true});
  for (int i = 0; i < graph.size.tensors; ++i) {
    const Tensor& t = graph.tensors[i];
    from_torch(t, lowering.values(i).data(), session.parameters().data() + graph.offset_of(t));
  }
  std::vector<float> x(image.size()), y(graph.values[graph.output].elements());
  kernels::nchw_to_nhwc(1, graph.values[0], image.data(), x.data());
  kernels::nhwc_to_nchw(1, graph.values[graph.output], session.evaluate(x).data(), y.data());
  return y;
}

}  // namespace

TEST_CASE("Branches drawn by lot compute what their layers mean, nested or by names") {
  int nested = 0, named = 0;
  drawn::for_each_case(300, [&](Generator& random, unsigned) {
    const DrawnBranches drawn(random);
    const ImportedNetwork& network = drawn.network();
    const std::vector<Piece> pieces = structure_of(network);
    ++(pieces.size() == 1 && pieces[0].kind == Piece::by_names ? named : nested);
    const Lowering lowering(network, pieces);
    std::vector<float> image(network.shape(0).elements());
    for (float& v : image) v = random.uniform();
    const std::vector<double> want = reference::Layers(network)({image.begin(), image.end()});
    const std::vector<float> got = evaluated(lowering, image);
    REQUIRE(got.size() == want.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
      REQUIRE(got[i] == Approx(want[i]).epsilon(1e-4).margin(1e-4));
    }
  });
  CHECK(nested >= 10);
  CHECK(named >= 100);
}

TEST_CASE("A lowered batch norm keeps its epsilon, with which it will be folded") {
  ImportedNetwork n("m");
  const std::vector<float> v(4);
  n.set_output(n.batch_norm("", n.input({4, 3, 3}), 0.25f,
                            {{"weight", v}, {"bias", v}, {"running_mean", v}, {"running_var", v}}));
  const Lowering lowering(n, structure_of(n));
  const GraphView graph = lowering.graph();
  CHECK(graph.ops[graph.size.ops - 1].attributes.eps == 0.25f);
}

TEST_CASE(
    "A lowered network has the topology that the compiler finds, windows and slopes with it") {
  constexpr Shape in{2, 9, 9};
  constexpr MaxPool2d max{.kernel_size = 3, .stride = 2, .padding = 1};
  constexpr AvgPool2d avg{.kernel_size = 2, .stride = 1};
  constexpr AvgPool2d inside{
      .kernel_size = 2, .stride = 1, .padding = 1, .count_include_pad = false};
  using Net = Network<Sequential<max, LeakyReLU{0.2f}, avg, inside, GlobalAvgPool2d{}>{}, in>;
  ImportedNetwork n("m");
  int x = n.max_pool("", n.input(in), max.window());
  x = n.activation("", LeakyReLU{0.2f}, x);
  x = n.avg_pool("", x, avg.window(), false);  // there is no padding to be counted
  x = n.avg_pool("", x, inside.window(), false, true);
  x = n.avg_pool("", x, {.kernel_size = 5}, false);  // global
  n.set_output(x);
  const Lowering lowering(n, structure_of(n));
  CHECK(topology_hash(lowering.graph()) == topology<Net>);
}
