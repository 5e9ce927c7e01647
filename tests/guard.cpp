// A guarded program finds the layer that writes beyond its buffers, and every model passes it with
// the bits that it has without.
#include <etch/models/autoencoder.hpp>
#include <etch/models/ds_cnn.hpp>
#include <etch/models/lenet.hpp>
#include <etch/models/mobilenet.hpp>
#include <etch/models/resnet.hpp>
#include <etch/models/resnet8.hpp>

#include <catch2/catch.hpp>

#include <cmath>
#include <memory>
#include <string>
#include <vector>

using namespace etch;

namespace mine {

// y = x, and where `overruns` says so a number written beside a buffer, or a read of what isn't
// there any more.
enum class Fault { nothing, behind_y, before_y, behind_scratch, behind_dx, reads_scratch };
struct Overrun {
  Fault fault = Fault::nothing;
  constexpr Shape output(Shape x) const { return x; }

  constexpr Value lower(Graph& g, Value x) const {
    return g.add(
        {.kind = "Overrun",
         .attributes = {.geometry = {.input = x.shape}, .own = {static_cast<float>(fault)}},
         .forward = forward,
         .backward = backward,
         .x = x.id,
         .forward_scratch = scratch},
        x);
  }

  static bool has(const Attributes& a, Fault fault) {
    return a.own[0] == static_cast<float>(fault);
  }
  static void copy(const Call& c, const Attributes& a, const float* from, float* to, Fault behind) {
    const std::size_t n = c.batch * a.inputs();
    std::copy_n(from, n, to);
    if (has(a, behind)) to[n] = 1;
  }
  static void forward(const Call& c, const Attributes& a) {
    copy(c, a, c.x, c.y, Fault::behind_y);
    float* scratch = reinterpret_cast<float*>(c.scratch);
    if (has(a, Fault::reads_scratch)) c.y[0] += scratch[0];
    if (has(a, Fault::before_y)) c.y[-1] = 1;
    if (has(a, Fault::behind_scratch)) scratch[2] = 1;
  }
  static void backward(const Call& c, const Attributes& a) {
    copy(c, a, c.dy, c.dx, Fault::behind_dx);
  }
  static constexpr std::size_t scratch(const Attributes&, KernelUse) { return 2 * sizeof(float); }
};

// One weight a channel and one running statistic, which nobody needs, and numbers written beside
// them, or beside its gradients.
enum class Beside { nothing, behind_gradients, before_gradients, behind_statistics };
struct Beyond {
  Beside fault = Beside::nothing;
  constexpr Shape output(Shape x) const { return x; }
  constexpr Value lower(Graph& g, Value x) const {
    Tensor statistic = Tensor::vector("statistic", {2}, Initial::zeros);
    statistic.buffer = true;
    return g.add(
        {.kind = "Beyond",
         .attributes = {.geometry = {.input = x.shape}, .own = {static_cast<float>(fault)}},
         .forward = forward,
         .backward = backward,
         .x = x.id},
        x, {Tensor::vector("weight", {x.shape.channels}, Initial::ones), statistic});
  }
  static bool has(const Attributes& a, Beside fault) {
    return a.own[0] == static_cast<float>(fault);
  }
  static void forward(const Call& c, const Attributes& a) {
    std::copy_n(c.x, c.batch * a.inputs(), c.y);
    if (c.moving_buffers == nullptr) return;
    c.moving_buffers[0] += 1;
    if (has(a, Beside::behind_statistics)) c.moving_buffers[2] = 5;
  }
  static void backward(const Call& c, const Attributes& a) {
    if (c.dx != nullptr) std::copy_n(c.dy, c.batch * a.inputs(), c.dx);
    const std::size_t n = a.geometry.input.channels;
    std::fill_n(c.gradients, n, 1.0f);
    if (has(a, Beside::behind_gradients)) c.gradients[n] = 5;
    if (has(a, Beside::before_gradients)) c.gradients[-1] = 5;
  }
};

// Plain SGD that may write a number too many.
struct Descent {
  float lr = 0.1f;
  bool overruns = false;
  constexpr std::size_t states() const { return 0; }
  void operator()(const OptimizerCall& c) const {
    for (std::size_t i = 0; i < c.size; ++i) c.parameters[i] -= c.lr * c.gradients[i];
    if (overruns) c.parameters[c.size] = 5;
  }
};

}  // namespace mine

using mine::Beside;
using mine::Fault;

namespace {

struct Broken {
  std::string sentence, layer;
  std::size_t step;
};

template <class Call>
Broken broken_by(const Call& call) {
  contract_handler = [](const BrokenContract& c) {
    throw Broken{c.sentence, c.layer, static_cast<std::size_t>(c.found)};
  };
  Broken broken{"", "", 0};
  try {
    call();
  } catch (const Broken& b) {
    broken = b;
  }
  contract_handler = report_contract;
  return broken;
}

template <Fault fault>
using Planted = Network<
    Sequential<Linear{.out_features = 16}, mine::Overrun{fault}, Linear{.out_features = 3}>{},
    Shape{4}>;

constexpr Training guarded_training{.batch = 2, .guarded = true};

template <Fault fault>
Broken break_training() {
  using T = Trainer<Planted<fault>, CrossEntropyLoss{}, SGD{}, guarded_training>;
  const auto t = std::make_unique<T>(1);
  const float x[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  const std::int32_t labels[2] = {0, 2};
  return broken_by([&] { t->step(x, labels); });
}

template <Fault fault>
Broken break_inference() {
  const auto parameters = std::make_unique<Parameters<Planted<fault>>>();
  initialize(Planted<fault>::graph, parameters->values, 1);
  const auto net =
      std::make_unique<Inference<Planted<fault>, InferenceOptions{.guarded = true}>>(*parameters);
  const float x[4] = {1, 2, 3, 4};
  return broken_by([&] { (*net)(x); });
}

void check_found(const Broken& broken, std::size_t step) {
  CHECK(broken.sentence ==
        "Guard: a step must write to its buffers alone: its number, the byte of the arena");
  CHECK(broken.layer == "Overrun");
  CHECK(broken.step == step);
}

constexpr const char* beside_sentence =
    "Guard: a step must write to its own parameters and gradients alone: its number, the byte from "
    "their begin";

template <Beside fault, bool alone, auto optimizer = SGD{}>
Broken break_beside() {
  constexpr auto network = [] {
    if constexpr (alone) {
      return Sequential<mine::Beyond{fault}>{};
    } else {
      return Sequential<Linear{.out_features = 4}, mine::Beyond{fault}, Linear{.out_features = 4},
                        BatchNorm1d{}>{};
    }
  }();
  using T = Trainer<Network<network, Shape{4}>, CrossEntropyLoss{}, optimizer, guarded_training>;
  const auto t = std::make_unique<T>(1);
  const float x[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  const std::int32_t labels[2] = {0, 2};
  return broken_by([&] { t->step(x, labels); });
}

template <Beside fault, bool alone = false>
void check_beside(std::size_t step) {
  const Broken broken = break_beside<fault, alone>();
  CHECK(broken.sentence == beside_sentence);
  CHECK(broken.layer == "Beyond");
  CHECK(broken.step == step);
}

template <class Net>
std::vector<float> random_images(std::size_t n) {
  std::vector<float> images(n * Net::input_shape.elements());
  Generator random{4};
  for (float& v : images) v = random.uniform();
  return images;
}

template <class Net, InferenceOptions options>
void check_inference() {
  constexpr auto guarded = [] {
    InferenceOptions o = options;
    o.guarded = true;
    return o;
  }();
  const auto parameters = std::make_unique<Parameters<Net>>();
  initialize(Net::graph, parameters->values, 2);
  const std::vector<float> images = random_images<Net>(options.batch);
  const auto plain = std::make_unique<Inference<Net, options>>(*parameters);
  const auto watched = std::make_unique<Inference<Net, guarded>>(*parameters);
  static_assert(Inference<Net, guarded>::arena_bytes > Inference<Net, options>::arena_bytes);
  for (const std::size_t n : {options.batch, std::size_t{1}}) {
    const auto want = plain->batch(std::span(images).first(n * Net::input_shape.elements()));
    std::span<const float> got;
    const Broken broken = broken_by(
        [&] { got = watched->batch(std::span(images).first(n * Net::input_shape.elements())); });
    INFO(broken.layer << ", step " << broken.step);
    REQUIRE(broken.sentence.empty());
    CHECK(std::equal(want.begin(), want.end(), got.begin()));
  }
}

template <class Net, Training options>
void check_training() {
  constexpr auto guarded = [] {
    Training o = options;
    o.guarded = true;
    return o;
  }();
  const auto plain = std::make_unique<Trainer<Net, MSELoss{}, SGD{.lr = 1e-3}, options>>(3);
  const auto watched = std::make_unique<Trainer<Net, MSELoss{}, SGD{.lr = 1e-3}, guarded>>(3);
  const std::vector<float> images = random_images<Net>(options.batch);
  const std::vector<float> targets(options.batch * Net::output_shape.elements(), 0.25f);
  for (const std::size_t n : {options.batch, options.batch - 1}) {
    const auto x = std::span(images).first(n * Net::input_shape.elements());
    const auto y = std::span(targets).first(n * Net::output_shape.elements());
    const float want = plain->step(x, y);
    float got = 0;
    const Broken broken = broken_by([&] { got = watched->step(x, y); });
    INFO(broken.layer << ", step " << broken.step);
    REQUIRE(broken.sentence.empty());
    CHECK(got == want);
  }
  const float* p = plain->parameters().values;
  CHECK(std::equal(p, p + Net::graph.total(), watched->parameters().values));
}

template <class Net>
void check_model() {
  check_inference<Net, InferenceOptions{.batch = 3, .threads = 2, .winograd = true}>();
  check_inference<Net, InferenceOptions{.batch = 2, .fuse = false}>();
  check_training<Net, Training{.batch = 3, .threads = 2}>();
  check_training<Net, Training{.batch = 3,
                               .update = Update::fused,
                               .recompute = Recompute::blocks,
                               .threads = 2,
                               .winograd = true}>();
}

}  // namespace

TEST_CASE("a number written beside a buffer is found, with its step") {
  check_found(break_inference<Fault::behind_y>(), 1);
  check_found(break_inference<Fault::before_y>(), 1);
  check_found(break_inference<Fault::behind_scratch>(), 1);
  check_found(break_training<Fault::behind_y>(), 1);
  check_found(break_training<Fault::before_y>(), 1);
  check_found(break_training<Fault::behind_scratch>(), 1);
  // Three forward, the loss, a Linear backward.
  check_found(break_training<Fault::behind_dx>(), 5);
  CHECK(break_training<Fault::nothing>().sentence.empty());
  CHECK(break_inference<Fault::nothing>().sentence.empty());
}

TEST_CASE("a number written beside a layer's gradients, statistics or parameters is found") {
  // Between others' tensors: four forward, the loss, two backward.
  check_beside<Beside::behind_gradients>(7);
  check_beside<Beside::before_gradients>(7);
  check_beside<Beside::behind_statistics>(1);
  // At the ends of all of them.
  check_beside<Beside::behind_gradients, true>(2);
  check_beside<Beside::before_gradients, true>(2);
  check_beside<Beside::behind_statistics, true>(0);
  CHECK(break_beside<Beside::nothing, false>().sentence.empty());
  CHECK(break_beside<Beside::nothing, true>().sentence.empty());
  const Broken optimizer = break_beside<Beside::nothing, true, mine::Descent{.overruns = true}>();
  CHECK(optimizer.sentence == beside_sentence);
  CHECK(optimizer.layer == "the optimizer");
}

TEST_CASE("what nobody wrote is NaN") {
  using Net = Planted<Fault::reads_scratch>;
  const auto parameters = std::make_unique<Parameters<Net>>();
  initialize(Net::graph, parameters->values, 1);
  const auto net = std::make_unique<Inference<Net, InferenceOptions{.guarded = true}>>(*parameters);
  const float x[4] = {1, 2, 3, 4};
  for (int run = 0; run < 2; ++run) {
    for (const float v : (*net)(x)) CHECK(std::isnan(v));
  }
}

namespace {

constexpr auto conv4 = Conv2d{.out_channels = 4, .kernel_size = 3, .padding = 1};
constexpr auto joined = Sequential<
    conv4, Save<"skip">{}, Concat<Identity{}, conv4, Tanh{}>{},
    Multiply<Identity{}, Sequential<GlobalAvgPool2d{}, Linear{.out_features = 12}, Sigmoid{}>{}>{},
    Multiply<Identity{}, Sigmoid{}>{}, conv4, ConcatWith<"skip">{}, Add<conv4, conv4, conv4>{},
    MultiplyWith<"skip">{}, GlobalAvgPool2d{}, Linear{.out_features = 10}>{};

}  // namespace

TEST_CASE("every small model keeps to its buffers, and has the same bits under guard") {
  check_model<Network<lenet<10>, Shape{1, 28, 28}>>();
  check_model<Network<convnet<10>, Shape{1, 28, 28}>>();
  check_model<Network<resnet8<10>, Shape{3, 32, 32}>>();
  check_model<Network<joined, Shape{3, 7, 8}>>();
}
TEST_CASE("the models of MLPerf Tiny keep to their buffers") {
  check_model<Network<ds_cnn<12>, Shape{1, 49, 10}>>();
  check_model<Network<mobilenet_025<2>, Shape{3, 96, 96}>>();
  check_model<Network<autoencoder<>, Shape{640}>>();
}
TEST_CASE("ResNets keep to their buffers") {
  check_model<Network<resnet18<10>, Shape{1, 32, 32}>>();
  check_model<Network<resnet50<10>, Shape{3, 32, 32}>>();
}
