// Session takes the steps of Trainer and Inference: the same bits come out.
#include <etch/host/program/session.hpp>

#include <etch/etch.hpp>

#include <catch2/catch.hpp>

#include <cstring>

using namespace etch;
using namespace etch::host;

static constexpr auto network =
    Sequential<Conv2d{.out_channels = 8, .kernel_size = 3, .padding = 1, .bias = false},
               BatchNorm2d{}, ReLU{}, Dropout{.p = 0.25f},
               Residual<Sequential<Conv2d{.out_channels = 8, .kernel_size = 3, .padding = 1}>{}>{},
               ReLU{}, MaxPool2d{.kernel_size = 2}, Flatten{}, Linear{.out_features = 12}, Tanh{},
               Linear{.out_features = 5}>{};
using Net = Network<network, Shape{2, 6, 6}>;
static constexpr std::size_t batch = 6, pixels = Net::input_shape.elements();

namespace {

struct Batch {
  std::vector<float> images;
  std::vector<std::int32_t> labels;
};

Batch random_batch(std::size_t size, std::uint64_t seed) {
  Generator random{seed};
  Batch b{std::vector<float>(size * pixels), std::vector<std::int32_t>(size)};
  for (float& x : b.images) x = random.uniform();
  for (std::int32_t& x : b.labels) x = static_cast<std::int32_t>(random.below(5));
  return b;
}

// The last batch is a smaller one.
std::vector<Batch> batches() {
  return {random_batch(batch, 1), random_batch(batch, 2), random_batch(batch, 3),
          random_batch(4, 4)};
}

bool same_bits(std::span<const float> a, std::span<const float> b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

SessionOptions session_options(Training training, AnyOptimizer optimizer) {
  return {.training = training,
          .optimizer = optimizer,
          .loss = CrossEntropyLoss{.label_smoothing = 0.1f},
          .seed = 7};
}

template <Optimizer auto optimizer, Update update, Recompute recompute>
void compare_with_trainer() {
  constexpr Training training{
      .batch = batch, .update = update, .recompute = recompute, .threads = 2};
  auto trainer = std::make_unique<
      Trainer<Net, CrossEntropyLoss{.label_smoothing = 0.1f}, optimizer, training>>(7);
  Session session(Net::graph, session_options(training, optimizer));
  for (const Batch& b : batches()) {
    trainer->set_lr(optimizer.lr * static_cast<double>(b.labels.size()) / 8);
    session.set_lr(optimizer.lr * static_cast<double>(b.labels.size()) / 8);
    CHECK(trainer->step(b.images, b.labels) == session.step(b.images, b.labels));
    CHECK(same_bits(trainer->output(), session.output()));
  }
  CHECK(same_bits(trainer->parameters().values, session.parameters()));
  CHECK(same_bits(trainer->optimizer_state(), session.optimizer_state()));

  Inference<Net, InferenceOptions{.batch = batch}> inference(trainer->parameters());
  const Batch b = random_batch(batch, 5);
  CHECK(same_bits(inference.batch(b.images), session.evaluate(b.images)));
}

template <Optimizer auto optimizer>
void compare_in_every_mode() {
  compare_with_trainer<optimizer, Update::accumulate, Recompute::nothing>();
  compare_with_trainer<optimizer, Update::accumulate, Recompute::elementwise>();
  compare_with_trainer<optimizer, Update::fused, Recompute::nothing>();
  compare_with_trainer<optimizer, Update::fused, Recompute::elementwise>();
  compare_with_trainer<optimizer, Update::fused, Recompute::blocks>();
}

}  // namespace

// Two steps with targets that are numbers.
template <auto loss>
static void compare_loss() {
  constexpr Training training{.batch = batch};
  auto trainer = std::make_unique<Trainer<Net, loss, SGD{}, training>>(7);
  SessionOptions options = session_options(training, SGD{});
  options.loss = loss;
  Session session(Net::graph, options);
  Generator random{9};
  for (const Batch& b : {random_batch(batch, 1), random_batch(batch, 2)}) {
    std::vector<float> targets(batch * 5);
    for (float& x : targets) x = random.uniform();
    CHECK(trainer->step(b.images, targets) == session.step(b.images, targets));
    CHECK(evaluate_loss(options.loss, 1, session.output(), batch, targets) > 0);
  }
  CHECK(same_bits(trainer->parameters().values, session.parameters()));
}

// The first convolution at a tenth of the rate, and biases and norms without decay.
static constexpr bool is_first(const ParameterTensor& t) { return t.is_in("0") && t.rank > 1; }

template <auto plain, auto slow, auto bare>
static void compare_groups(Update update) {
  static constexpr ParameterGroups<plain, Group<biases_and_norms, bare>, Group<is_first, slow>>
      groups;
  SessionOptions options = session_options({.batch = batch, .update = update}, plain);
  options.loss = CrossEntropyLoss{};
  for (int i = 0; i < Net::graph.size.tensors; ++i) {
    const bool is_weight = Net::graph.tensors[i].rank > 1;
    options.rules.push_back({.lr_factor = i == 0 ? 0.1 : 1.0, .decays = is_weight});
  }
  Session session(Net::graph, options);
  const auto compare = [&](auto& trainer) {
    for (const Batch& b : batches()) {
      CHECK(trainer.step(b.images, b.labels) == session.step(b.images, b.labels));
    }
    CHECK(same_bits(trainer.parameters().values, session.parameters()));
    CHECK(same_bits(trainer.optimizer_state(), session.optimizer_state()));
  };
  if (update == Update::fused) {
    compare(*std::make_unique<Trainer<Net, CrossEntropyLoss{}, groups,
                                      Training{.batch = batch, .update = Update::fused}>>(7));
  } else {
    compare(
        *std::make_unique<Trainer<Net, CrossEntropyLoss{}, groups, Training{.batch = batch}>>(7));
  }
}

TEST_CASE("Session with rules of tensors ends in the bits of Trainer with groups") {
  for (const Update update : {Update::accumulate, Update::fused}) {
    compare_groups<AdamW{.lr = 0.01, .weight_decay = 0.1}, AdamW{.lr = 0.001, .weight_decay = 0.1},
                   AdamW{.lr = 0.01, .weight_decay = 0}>(update);
    compare_groups<SGD{.lr = 0.1, .momentum = 0.9, .weight_decay = 0.1},
                   SGD{.lr = 0.01, .momentum = 0.9, .weight_decay = 0.1},
                   SGD{.lr = 0.1, .momentum = 0.9}>(update);
  }
}

TEST_CASE("Session takes every loss, and no targets of another") {
  compare_loss<BCEWithLogitsLoss{}>();
  compare_loss<MSELoss{}>();
  compare_loss<L1Loss{}>();
  compare_loss<SmoothL1Loss{.beta = 0.5f}>();
  compare_loss<HuberLoss{.delta = 0.5f}>();
  SessionOptions options = session_options({.batch = batch}, SGD{});
  options.loss = MSELoss{};
  Session session(Net::graph, options);
  const Batch b = random_batch(batch, 1);
  CHECK_THROWS_WITH(session.step(b.images, b.labels),
                    "the loss takes numbers, but its targets are classes");
  CHECK_THROWS_WITH(session.step(b.images, std::vector<float>(batch * 5 - 1)),
                    "a batch of 6 needs 30 targets, but there are 29");
}

TEST_CASE("Session ends in the bits of Trainer") {
  SECTION("sgd") { compare_in_every_mode<SGD{.lr = 0.1}>(); }
  SECTION("momentum") {
    compare_in_every_mode<SGD{.lr = 0.1, .momentum = 0.9, .weight_decay = 1e-3}>();
  }
  SECTION("adam") { compare_in_every_mode<Adam{.lr = 1e-2}>(); }
  SECTION("adamw") { compare_in_every_mode<AdamW{.lr = 1e-2}>(); }
  SECTION("adabound") { compare_in_every_mode<AdaBound{.lr = 1e-2}>(); }
}

TEST_CASE("Session accumulates and clips as Trainer does") {
  constexpr Training training{.batch = batch};
  constexpr Adam adam{};
  auto trainer =
      std::make_unique<Trainer<Net, CrossEntropyLoss{.label_smoothing = 0.1f}, adam, training>>(7);
  Session session(Net::graph, session_options(training, adam));
  for (const Batch& b : batches()) {
    CHECK(trainer->backward(b.images, b.labels, 0.25f) ==
          session.backward(b.images, b.labels, 0.25f));
  }
  CHECK(trainer->clip_grad_norm(0.01f) == session.clip_grad_norm(0.01f));
  trainer->update();
  session.update();
  CHECK(same_bits(trainer->parameters().values, session.parameters()));
}

TEST_CASE("The number of threads changes no bit") {
  const auto parameters_with = [](std::size_t threads) {
    Session session(Net::graph, session_options({.batch = batch, .threads = threads}, Adam{}));
    for (const Batch& b : batches()) session.step(b.images, b.labels);
    return std::vector<float>(session.parameters().begin(), session.parameters().end());
  };
  const std::vector<float> one = parameters_with(1);
  CHECK(same_bits(one, parameters_with(2)));
  CHECK(same_bits(one, parameters_with(5)));
}

TEST_CASE("A session that only evaluates has no memory for training") {
  SessionOptions options;
  options.evaluates_only = true;
  const Session session(Net::graph, options);
  CHECK(session.gradients().empty());
  CHECK(session.optimizer_state().empty());
}
