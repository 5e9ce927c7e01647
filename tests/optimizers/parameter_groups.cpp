// Groups of tensors: which tensor has which optimizer, and an optimizer of somebody's own that is
// called a tensor at a time.
#include <etch/etch.hpp>

#include <catch2/catch.hpp>

#include <cmath>
#include <memory>
#include <vector>

using namespace etch;

namespace {

constexpr auto net = Sequential<
    Named<"conv1", Conv2d{.out_channels = 20, .kernel_size = 3}>{}, BatchNorm2d{}, ReLU{},
    Frozen<Conv2d{.out_channels = 5, .kernel_size = 1}>{},
    Named<"blocks", Sequential<Repeat<12, Conv2d{.out_channels = 5, .kernel_size = 1}>{}>{}>{},
    Flatten{}, Named<"layer1", Sequential<Linear{.out_features = 7}, ReLU{}>{}>{},
    Named<"fc", Linear{.out_features = 3}>{}>{};
using Net = Network<net, Shape{2, 4, 4}>;
constexpr GraphView graph = Net::graph;

constexpr ParameterTensor tensor(int i) {
  const Tensor& t = graph.tensors[i];
  const Op& op = graph.ops[t.op];
  return {op.kind, t.name, t.rank, t.size(), graph.scopes, op.scope};
}

// The tensors whose names begin so.
constexpr int count_in(const char* path) {
  int count = 0;
  for (int i = 0; i < graph.size.tensors; ++i) count += tensor(i).is_in(path);
  return count;
}
static_assert(count_in("conv1") == 2);
static_assert(count_in("conv1.weight") == 1);
static_assert(count_in("conv") == 0);
static_assert(count_in("conv1.weight.x") == 0);
static_assert(count_in("conv1.w") == 0);
static_assert(count_in("conv1.") == 0);
static_assert(count_in("layer1") == 2);
static_assert(count_in("layer1.0") == 2);
static_assert(count_in("layer1.0.bias") == 1);
static_assert(count_in("layer1.1") == 0);
static_assert(count_in("fc") == 2);
static_assert(count_in("f") == 0);
static_assert(count_in("fc.2") == 0);
static_assert(count_in("blocks") == 24);
static_assert(count_in("blocks.1") == 2);
static_assert(count_in("blocks.11") == 2);
static_assert(count_in("blocks.11.bias") == 1);
static_assert(count_in("blocks.12") == 0);
static_assert(count_in("blocks.1.1") == 0);

constexpr bool is_head(const ParameterTensor& t) { return t.is_in("fc"); }
constexpr bool is_linear(const ParameterTensor& t) { return same_text(t.layer, "Linear"); }

using Values = std::vector<float>;

template <auto optimizer, Training options = Training{.batch = 4}>
Values trained(int steps, double lr = 0) {
  using T = Trainer<Net, CrossEntropyLoss{}, optimizer, options>;
  const auto t = std::make_unique<T>(3);
  if (lr > 0) t->set_lr(lr);
  Values images(4 * 32);
  Generator random{5};
  for (float& v : images) v = random.uniform();
  const std::int32_t labels[] = {0, 1, 2, 0};
  for (int i = 0; i < steps; ++i) t->step(images, labels);
  return {t->parameters().values, t->parameters().values + graph.total()};
}

constexpr AdamW all{.lr = 0.01, .weight_decay = 0.1}, plain{.lr = 0.01, .weight_decay = 0},
    quick{.lr = 0.05, .weight_decay = 0.1};
constexpr ParameterGroups<all, Group<biases_and_norms, plain>, Group<is_head, quick>> groups;

static_assert(fits<Net, Learning{CrossEntropyLoss{}, groups, Training{.batch = 4}},
                   Board{.ram = 64 * 1024, .flash = 64 * 1024}>);

std::size_t group_of(const ParameterTensor& t) { return t.rank == 1 ? 1 : t.is_in("fc") ? 2 : 0; }

}  // namespace

TEST_CASE("groups of one optimizer are that optimizer, bit for bit") {
  const Values flat = trained<all>(5);
  CHECK(trained<ParameterGroups<all>{}>(5) == flat);
  CHECK(trained<ParameterGroups<all, Group<biases_and_norms, all>>{}>(5) == flat);
  CHECK(trained<ParameterGroups<all, Group<is_linear, all>>{},
                Training{.batch = 4, .update = Update::fused}>(5) == flat);
}

// The first step's gradients are the same whatever the optimizer is.
TEST_CASE("a tensor is moved by the first group that picks it") {
  const std::vector<Values> runs = {trained<all>(1), trained<plain>(1), trained<quick>(1)};
  // Biases that begin at 0 and norms' at 0 don't decay: those runs are the same.
  const Values got = trained<groups>(1);
  for (int i = 0; i < graph.size.tensors; ++i) {
    const Tensor& t = graph.tensors[i];
    if (!learns(t)) continue;
    const std::size_t at = graph.offset_of(t);
    INFO("tensor " << i << ", " << t.name);
    for (std::size_t k = at; k < at + t.size(); ++k) {
      REQUIRE(got[k] == Approx(runs[group_of(tensor(i))][k]).epsilon(1e-6));
    }
  }
  CHECK(trained<groups, Training{.batch = 4, .update = Update::fused}>(3) == trained<groups>(3));
}

TEST_CASE("rates of groups follow the trainer's") {
  constexpr AdamW all_tenth{.lr = 0.001, .weight_decay = 0.1},
      plain_tenth{.lr = 0.001, .weight_decay = 0}, quick_tenth{.lr = 0.005, .weight_decay = 0.1};
  constexpr ParameterGroups<all_tenth, Group<biases_and_norms, plain_tenth>,
                            Group<is_head, quick_tenth>>
      tenth;
  const Values set = trained<groups>(3, 0.001), made = trained<tenth>(3);
  for (std::size_t i = 0; i < set.size(); ++i) REQUIRE(set[i] == Approx(made[i]).margin(1e-6));
}

namespace {

// You et al. 2017, without momentum: the rate of a weight is as its norm to its gradient's.
struct Lars {
  double lr = 0.1;

  constexpr std::size_t states() const { return 0; }
  constexpr int group_of(const ParameterTensor& t) const { return t.rank == 1 ? 1 : 0; }
  void operator()(const OptimizerCall& c, int group) const {
    const auto norm = [&](const float* x) {
      return std::sqrt(kernels::squared_norm(x, c.size, c.threads));
    };
    const double ratio = group == 1 ? 1 : norm(c.parameters) / norm(c.gradients);
    for (std::size_t i = 0; i < c.size; ++i) {
      c.parameters[i] -= c.lr * static_cast<float>(ratio) * c.gradients[i];
    }
  }
};

}  // namespace

TEST_CASE("an optimizer of one's own is called once a tensor") {
  const Values before = trained<Lars{}>(0), after = trained<Lars{}>(1);
  for (int i = 0; i < graph.size.tensors; ++i) {
    const Tensor& t = graph.tensors[i];
    if (!learns(t) || t.rank == 1) continue;
    double moved = 0, norm = 0;
    for (std::size_t k = graph.offset_of(t); k < graph.offset_of(t) + t.size(); ++k) {
      moved += std::pow(double{after[k]} - before[k], 2);
      norm += std::pow(double{before[k]}, 2);
    }
    INFO("tensor " << i);
    CHECK(std::sqrt(moved / norm) == Approx(0.1).epsilon(1e-4));
  }
}
