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
  return {
      .training = training, .optimizer = optimizer, .loss = {.label_smoothing = 0.1f}, .seed = 7};
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
