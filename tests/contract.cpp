// What a type can't say is checked at run time where contracts are: a sentence with both numbers.
#include <etch/etch.hpp>

#include <catch2/catch.hpp>

#include <cstddef>
#include <cstring>
#include <limits>
#include <memory>
#include <new>
#include <string>
#include <vector>

using namespace etch;

static_assert(checks_contracts);

namespace {

struct Broken {
  std::string sentence;
  double found, wanted;
};

// What `call` breaks; the handler leaves by an exception.
template <class Call>
Broken broken_by(const Call& call) {
  contract_handler = [](const BrokenContract& c) { throw Broken{c.sentence, c.found, c.wanted}; };
  Broken broken{"nothing", 0, 0};
  try {
    call();
  } catch (const Broken& b) {
    broken = b;
  }
  contract_handler = report_contract;
  return broken;
}

#define CHECK_BREAKS(call, what, a, b)           \
  do {                                           \
    const Broken got = broken_by([&] { call; }); \
    CHECK(got.sentence == (what));               \
    CHECK(got.found == (a));                     \
    CHECK(got.wanted == (b));                    \
  } while (false)

constexpr auto classifier = Sequential<Linear{.out_features = 4}, Linear{.out_features = 3}>{};
using Net = Network<classifier, Shape{5}>;
using T = Trainer<Net, CrossEntropyLoss{}, SGD{.lr = 0.1, .momentum = 0.9}, Training{.batch = 2}>;

struct Data {
  std::vector<float> images = std::vector<float>(5 * 4, 0.5f);
  std::vector<std::int32_t> labels = {0, 1, 2, 0};
  std::span<const float> first(std::size_t n) const { return std::span(images).first(n); }
  std::span<const std::int32_t> first_labels(std::size_t n) const {
    return std::span(labels).first(n);
  }
};

}  // namespace

TEST_CASE("a batch that isn't as planned") {
  const auto t = std::make_unique<T>(1);
  const auto net = std::make_unique<Inference<Net, InferenceOptions{.batch = 2}>>(t->parameters());
  const Data d;
  CHECK_BREAKS(t->step(d.first(15), d.first_labels(3)),
               "Trainer: a batch must have at most Training::batch images", 3, 2);
  CHECK_BREAKS(t->step(d.first(0), d.first_labels(0)),
               "Trainer: a batch must have at least 1 image", 0, 1);
  CHECK_BREAKS(t->backward(d.first(9), d.first_labels(2)),
               "Trainer: a batch must hold whole images of input_size", 9, 5);
  CHECK_BREAKS(t->step(d.first(10), d.first_labels(1)),
               "Trainer: each image must have its target_size targets", 1, 2);
  CHECK_BREAKS(net->batch(d.first(15)),
               "Inference: a batch must have at most InferenceOptions::batch images", 3, 2);
  CHECK_BREAKS(net->batch(d.first(0)), "Inference: a batch must have at least 1 image", 0, 1);
  CHECK_BREAKS(net->batch(d.first(4)), "Inference: a batch must hold whole images of input_size", 4,
               5);
  CHECK_BREAKS(t->step(d.first(10), d.first_labels(2)), "nothing", 0, 0);
  CHECK_BREAKS(net->batch(d.first(10)), "nothing", 0, 0);
}

TEST_CASE("a label that is no class") {
  const auto t = std::make_unique<T>(1);
  const Data d;
  for (const std::int32_t label : {-101, -1, 3, std::numeric_limits<std::int32_t>::min()}) {
    const std::int32_t labels[2] = {1, label};
    CHECK_BREAKS(t->step(d.first(10), labels),
                 "CrossEntropyLoss: a label must be at least 0 and below the number of classes",
                 label, 3);
  }
}

TEST_CASE("a label that is ignore_index is none") {
  using Ignoring = Trainer<Net, CrossEntropyLoss{.ignore_index = 7}, SGD{}, Training{.batch = 3}>;
  const auto t = std::make_unique<T>(1);
  const auto ignoring = std::make_unique<Ignoring>(1);
  const Data d;
  const std::int32_t minus_100[2] = {1, -100}, seven[2] = {1, 7};
  CHECK_BREAKS(t->step(d.first(10), minus_100), "nothing", 0, 0);
  CHECK_BREAKS(ignoring->step(d.first(10), seven), "nothing", 0, 0);
  CHECK_BREAKS(ignoring->step(d.first(10), minus_100),
               "CrossEntropyLoss: a label must be at least 0 and below the number of classes", -100,
               3);
}

TEST_CASE("weights of a loss that is made at run time") {
  const float numbers[] = {1, 2};
  const std::span<const float> two(numbers, 2);
  const float output[3] = {0, 1, 2}, target[3] = {0, 1, 0};
  const std::int32_t label = 1;
  CHECK_BREAKS((CrossEntropyLoss{.weight = &two}(
                   LossCall<std::int32_t>{1, 3, 1, 1, output, &label, nullptr})),
               "CrossEntropyLoss: weight must have one number a class", 2, 3);
  CHECK_BREAKS(
      (BCEWithLogitsLoss{.pos_weight = &two}(LossCall<float>{1, 3, 1, 1, output, target, nullptr})),
      "BCEWithLogitsLoss: pos_weight must have one number a channel", 2, 3);
}

TEST_CASE("numbers of a trainer") {
  const auto t = std::make_unique<T>(1);
  CHECK_BREAKS(t->set_lr(-0.5), "Trainer: the learning rate must be at least 0", -0.5, 0);
  CHECK_BREAKS(t->set_threads(0), "Trainer: threads must be at least 1", 0, 1);
  CHECK(broken_by([&] { t->set_lr(std::numeric_limits<double>::quiet_NaN()); }).sentence ==
        "Trainer: the learning rate must be at least 0");
  CHECK(t->lr() == 0.1f);
}

TEST_CASE("a norm with one value a channel") {
  constexpr auto norm = Sequential<Linear{.out_features = 4}, BatchNorm1d{}>{};
  constexpr auto image = Sequential<Conv2d{.out_channels = 2, .kernel_size = 2}, BatchNorm2d{}>{};
  constexpr auto flat = Sequential<Conv2d{.out_channels = 2, .kernel_size = 2}, Flatten{},
                                   Frozen<BatchNorm1d{}>{}, BatchNorm1d{}>{};
  static_assert(Network<norm, Shape{5}>::graph.fewest_images() == 2);
  static_assert(Network<image, Shape{1, 2, 2}>::graph.fewest_images() == 2);
  static_assert(Network<image, Shape{1, 2, 3}>::graph.fewest_images() == 1);
  static_assert(Network<flat, Shape{1, 3, 3}>::graph.fewest_images() == 2);
  static_assert(Network<Frozen<norm>{}, Shape{5}>::graph.fewest_images() == 1);
  using Normed = Trainer<Network<norm, Shape{5}>, MSELoss{}, SGD{}, Training{.batch = 2}>;
  const auto t = std::make_unique<Normed>(1);
  const Data d;
  CHECK_BREAKS(t->step(d.first(5), d.first(4)),
               "Trainer: a batch must have at least 2 images: batch norm needs more than one value "
               "a channel",
               1, 2);
  CHECK_BREAKS(t->step(d.first(10), d.first(8)), "nothing", 0, 0);
}

TEST_CASE("optimizer state needs its counts") {
  const auto t = std::make_unique<T>(1), restored = std::make_unique<T>(1);
  const Data d;
  t->step(d.first(10), d.first_labels(2));
  const std::span<const float> state = t->optimizer_state();
  std::copy(state.begin(), state.end(), restored->optimizer_state().begin());
  CHECK(broken_by([&] { restored->step(d.first(10), d.first_labels(2)); }).sentence ==
        "Trainer: optimizer_state() was restored without resume_at()");
  restored->resume_at(t->runs(), t->updates());
  CHECK_BREAKS(restored->step(d.first(10), d.first_labels(2)), "nothing", 0, 0);
}

TEST_CASE("objects and parameters that aren't aligned") {
  using I = Inference<Net>;
  alignas(buffer_alignment) static std::byte room[sizeof(T) + sizeof(I) + 2 * buffer_alignment];
  // As a pointer into a file has it, or an operator new that knows no alignment.
  const auto at = [&](std::size_t beyond) { return static_cast<void*>(room + beyond); };
  CHECK_BREAKS(new (at(8)) T(1), "Trainer: the object must be aligned", 8, buffer_alignment);
  const auto t = std::make_unique<T>(1);
  CHECK_BREAKS(new (at(16)) I(t->parameters()), "Inference: the object must be aligned", 16,
               buffer_alignment);
  CHECK_BREAKS(I(*static_cast<const Parameters<Net>*>(at(4))),
               "Inference: parameters must be aligned", 4, buffer_alignment);
}
