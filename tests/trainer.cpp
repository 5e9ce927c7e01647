// What every mode of training must give: the same bits, whatever its memory or threads.
#include <etch/layers/saved.hpp>
#include <etch/losses/bce_with_logits.hpp>
#include <etch/losses/huber.hpp>
#include <etch/losses/l1.hpp>
#include <etch/models/lenet.hpp>
#include <etch/models/resnet8.hpp>

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

using namespace etch;

namespace {

template <auto v>
struct Constant {
  static constexpr auto value = v;
};

template <class Net>
struct Data {
  std::vector<float> images;
  std::vector<std::int32_t> labels;

  explicit Data(std::size_t n, std::uint64_t seed = 1)
      : images(n * Net::input_shape.elements()), labels(n) {
    Generator random{seed};
    for (float& v : images) v = random.uniform();
    for (auto& l : labels) l = static_cast<std::int32_t>(random.below(10));
  }
};

// The parameters after some steps, the last with a smaller batch.
template <class Net, Training options>
std::vector<float> trained(std::size_t threads) {
  using T = Trainer<Net, CrossEntropyLoss{.label_smoothing = 0.1f}, Adam{.lr = 1e-2}, options>;
  const auto trainer = std::make_unique<T>(5);
  trainer->set_threads(threads);
  for (std::uint64_t s = 0; s < 3; ++s) {
    const Data<Net> data(s == 2 ? 3 : 6, s);
    const float loss = trainer->step(data.images, data.labels);
    REQUIRE(std::isfinite(loss));
  }
  const float* p = trainer->parameters().values;
  return {p, p + Net::graph.total()};
}

constexpr auto with_dropout =
    Sequential<Conv2d{.out_channels = 6, .kernel_size = 3, .padding = 1}, BatchNorm2d{}, ReLU{},
               Dropout{.p = 0.3f},
               Residual<Sequential<Conv2d{.out_channels = 6, .kernel_size = 3, .padding = 1},
                                   BatchNorm2d{}, Tanh{}>{}>{},
               GlobalAvgPool2d{}, Linear{.out_features = 10}>{};

constexpr auto conv6 = Conv2d{.out_channels = 6, .kernel_size = 3, .padding = 1};
constexpr auto joined = Sequential<
    conv6, Save<"skip">{}, BatchNorm2d{}, Concat<Identity{}, Sequential<ReLU{}, conv6>{}, Tanh{}>{},
    Concat<Sequential<BatchNorm2d{}, ReLU{}, conv6>{}, Identity{}>{},
    Multiply<Identity{}, Sequential<GlobalAvgPool2d{}, Linear{.out_features = 24}, Sigmoid{}>{}>{},
    Multiply<Identity{}, Sigmoid{}>{}, Dropout{.p = 0.3f}, conv6, BatchNorm2d{}, ReLU{},
    ConcatWith<"skip">{}, conv6, Add<conv6, Identity{}, ReLU{}>{}, AddWith<"skip">{},
    MultiplyWith<"skip">{}, GlobalAvgPool2d{}, Linear{.out_features = 10}>{};

template <class Net>
void check_modes() {
  const auto plain = trained<Net, Training{.batch = 6}>(1);
  CHECK(plain == trained<Net, Training{.batch = 6, .threads = 3}>(2));
  CHECK(plain == trained<Net, Training{.batch = 6, .threads = 3}>(3));
  CHECK(plain == trained<Net, Training{.batch = 8, .update = Update::fused}>(1));
  CHECK(plain == trained<Net, Training{.batch = 6, .recompute = Recompute::elementwise}>(1));
  CHECK(plain == trained<Net, Training{.batch = 6, .recompute = Recompute::blocks}>(1));
  // As little as can be, within a twentieth.
  constexpr Training least =
      FitBudget<Net,
                BudgetSearch(Training{.batch = 6, .recompute = Recompute::budget{1}})>::options;
  constexpr std::size_t bytes = recompute_trial<Net, least>.arena_bytes / 20 * 21;
  CHECK(plain == trained<Net, Training{.batch = 6, .recompute = Recompute::budget{bytes}}>(1));
  CHECK(plain == trained<Net, Training{.batch = 6,
                                       .update = Update::fused,
                                       .recompute = Recompute::elementwise,
                                       .threads = 2}>(2));
}

}  // namespace

TEST_CASE("threads, fused updates and recomputing give the same bits") {
  check_modes<Network<convnet<10>, Shape{1, 28, 28}>>();
  check_modes<Network<resnet8<10>, Shape{3, 32, 32}>>();
  check_modes<Network<with_dropout, Shape{2, 9, 9}>>();
  check_modes<Network<joined, Shape{2, 9, 9}>>();
}

TEST_CASE("Winograd trains as direct convolution does, the same bits in every mode") {
  constexpr auto wide =
      Sequential<Conv2d{.out_channels = 24, .kernel_size = 3, .padding = 1}, BatchNorm2d{}, ReLU{},
                 Residual<Sequential<Conv2d{.out_channels = 24, .kernel_size = 3, .padding = 1},
                                     BatchNorm2d{}, ReLU{}>{}>{},
                 Conv2d{.out_channels = 40, .kernel_size = 3}, GlobalAvgPool2d{},
                 Linear{.out_features = 10}>{};
  using Net = Network<wide, Shape{16, 18, 22}>;
  const auto tiles = trained<Net, Training{.batch = 6, .winograd = true}>(1);
  CHECK(tiles == trained<Net, Training{.batch = 6, .threads = 3, .winograd = true}>(3));
  CHECK(tiles == trained<Net, Training{.batch = 6, .update = Update::fused, .winograd = true}>(1));
  CHECK(tiles ==
        trained<Net, Training{.batch = 6, .recompute = Recompute::blocks, .winograd = true}>(1));

  const auto run = [](auto options) {
    using T = Trainer<Net, CrossEntropyLoss{}, SGD{.lr = 0.1}, decltype(options)::value>;
    const auto trainer = std::make_unique<T>(5);
    std::vector<float> all[2];
    for (std::uint64_t s = 0; s < 4; ++s) {
      const float* p = trainer->parameters().values;
      if (s == 0) all[0] = {p, p + Net::graph.total()};
      const Data<Net> data(6, s);
      trainer->step(data.images, data.labels);
      all[1] = {p, p + Net::graph.total()};
    }
    return std::pair(all[0], all[1]);
  };
  const auto [start, direct] = run(Constant<Training{.batch = 6}>());
  const auto [same_start, fast] = run(Constant<Training{.batch = 6, .winograd = true}>());
  REQUIRE(start == same_start);
  double moved = 0, apart = 0;
  for (std::size_t i = 0; i < start.size(); ++i) {
    moved += std::pow(direct[i] - start[i], 2.0);
    apart += std::pow(fast[i] - direct[i], 2.0);
  }
  CHECK(apart > 0);
  CHECK(std::sqrt(apart) < 1e-4 * std::sqrt(moved));
}

TEST_CASE("gradients accumulated over batches are those of the whole batch") {
  using Net = Network<lenet<10>, Shape{1, 28, 28}>;
  using T = Trainer<Net, CrossEntropyLoss{}, SGD{.lr = 0.1}, Training{.batch = 8}>;
  const Data<Net> data(8);
  const auto whole = std::make_unique<T>(1), parts = std::make_unique<T>(1);
  for (int round = 0; round < 2; ++round) {
    whole->backward(data.images, data.labels);
    for (std::size_t i = 0; i < 8; i += 2) {
      parts->backward(std::span(data.images).subspan(i * 784, 2 * 784),
                      std::span(data.labels).subspan(i, 2), 0.25f);
    }
    for (std::size_t i = 0; i < Net::graph.num_trainable; ++i) {
      REQUIRE(parts->gradients()[i] == Approx(whole->gradients()[i]).epsilon(1e-4).margin(1e-7));
    }
    whole->update();
    parts->update();
  }
}

namespace {

constexpr float factors[] = {1, 4, 0.5f};
constexpr std::span<const float> weights = factors;

// Gradients of the only layer, whose inputs are 1 for one image and 0 for the other.
template <auto loss>
std::vector<float> bias_gradients(const std::vector<typename decltype(loss)::Target>& targets) {
  using Net = Network<Linear{.out_features = 3}, Shape{2}>;
  const auto t = std::make_unique<Trainer<Net, loss, SGD{}, Training{.batch = 2}>>(1);
  std::fill_n(t->parameters().values, Net::graph.total(), 0.0f);
  const float images[] = {1, 1, 0, 0};
  t->backward(images, targets);
  return {t->gradients() + 6, t->gradients() + 9};  // behind a weight of (3, 2)
}

void check_close(const std::vector<float>& got, const std::vector<float>& want) {
  for (std::size_t i = 0; i < want.size(); ++i) CHECK(got[i] == Approx(want[i]).margin(1e-6));
}

}  // namespace

TEST_CASE("a trainer's loss has the weights of its template argument") {
  // All outputs are 0: softmax a third, sigmoid a half.
  check_close(bias_gradients<CrossEntropyLoss{}>({1, 2}), {1.0f / 3, -1.0f / 6, -1.0f / 6});
  // The rows count 4 and 0.5 of 4.5.
  check_close(bias_gradients<CrossEntropyLoss{.weight = &weights}>({1, 2}),
              {1.0f / 3, 1.0f / 3 - 8.0f / 9, 1.0f / 3 - 1.0f / 9});
  check_close(bias_gradients<CrossEntropyLoss{.ignore_index = 2}>({1, 2}),
              {1.0f / 3, -2.0f / 3, 1.0f / 3});
  check_close(bias_gradients<BCEWithLogitsLoss{.pos_weight = &weights}>({1, 1, 1, 0, 0, 0}),
              {0, (-2 + 0.5f) / 6, (-0.25f + 0.5f) / 6});
  check_close(bias_gradients<L1Loss{}>({1, -1, 0, 1, 1, 0}), {-2.0f / 6, 0, 0});
  check_close(bias_gradients<HuberLoss{.delta = 2}>({1, -3, 0, 1, 1, 0}), {-2.0f / 6, 1.0f / 6, 0});
  check_close(bias_gradients<SmoothL1Loss{.beta = 2}>({1, -3, 0, 1, 1, 0}),
              {-1.0f / 6, 0.5f / 6, 0});
}

TEST_CASE("frozen layers don't move and cost nothing") {
  constexpr auto head = Sequential<Frozen<Conv2d{.out_channels = 8, .kernel_size = 3},
                                          BatchNorm2d{}, ReLU{}, MaxPool2d{.kernel_size = 2}>{},
                                   Flatten{}, Linear{.out_features = 10}>{};
  constexpr auto whole =
      Sequential<Conv2d{.out_channels = 8, .kernel_size = 3}, BatchNorm2d{}, ReLU{},
                 MaxPool2d{.kernel_size = 2}, Flatten{}, Linear{.out_features = 10}>{};
  using Net = Network<head, Shape{1, 28, 28}>;
  using T = Trainer<Net, CrossEntropyLoss{}, Adam{}, Training{.batch = 4}>;
  using Whole =
      Trainer<Network<whole, Shape{1, 28, 28}>, CrossEntropyLoss{}, Adam{}, Training{.batch = 4}>;
  static_assert(Net::num_parameters == 8 * 9 + 8 + 16 + 1352 * 10 + 10);
  static_assert(T::optimizer_bytes < Whole::optimizer_bytes);
  static_assert(T::arena_bytes < Whole::arena_bytes);
  const auto t = std::make_unique<T>(1);
  const float* p = t->parameters().values;
  const std::vector<float> before(p, p + Net::graph.total());
  const Data<Net> data(4);
  t->step(data.images, data.labels);
  bool moved = false;
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (i < Net::graph.num_trainable) {
      moved = moved || p[i] != before[i];
    } else {
      REQUIRE(p[i] == before[i]);
    }
  }
  CHECK(moved);
}

TEST_CASE("what is frozen may stay where it is") {
  constexpr auto head = Sequential<Frozen<Conv2d{.out_channels = 8, .kernel_size = 3},
                                          BatchNorm2d{}, ReLU{}, MaxPool2d{.kernel_size = 2}>{},
                                   Conv2d{.out_channels = 4, .kernel_size = 3}, ReLU{}, Flatten{},
                                   Dropout{}, Linear{.out_features = 10}>{};
  using Net = Network<head, Shape{1, 28, 28}>;
  constexpr Training options{.batch = 4};
  using T = Trainer<Net, CrossEntropyLoss{}, Adam{}, options>;
  using InPlace =
      Trainer<Net, CrossEntropyLoss{}, Adam{}, Training{.batch = 4, .frozen_in_place = true}>;
  static_assert(InPlace::parameter_bytes == Net::graph.num_trainable * sizeof(float));
  static_assert(sizeof(InPlace) == sizeof(T) - (T::parameter_bytes - InPlace::parameter_bytes));
  static_assert(InMode<Net, Learning{CrossEntropyLoss{}, Adam{}, options}>::flash == 0);
  static_assert(InMode<Net, Learning{CrossEntropyLoss{}, Adam{},
                                     Training{.batch = 4, .frozen_in_place = true}}>::flash ==
                Net::parameter_bytes);
  const auto whole = std::make_unique<T>(3);
  const auto given = std::make_unique<const Parameters<Net>>(whole->parameters());
  const auto in_place = std::make_unique<InPlace>(*given, 3);
  const Data<Net> data(4);
  for (int step = 0; step < 3; ++step) {
    REQUIRE(in_place->step(data.images, data.labels) == whole->step(data.images, data.labels));
  }
  const float *got = in_place->parameters().values, *want = whole->parameters().values;
  CHECK(std::equal(got, got + Net::graph.num_trainable, want));
  CHECK_FALSE(std::equal(got, got + Net::graph.num_trainable, given->values));
  const auto net = std::make_unique<Inference<Net>>(*given, in_place->parameters());
  const auto same = std::make_unique<Inference<Net>>(whole->parameters());
  const std::span<const float, 784> image(data.images.data(), 784);
  const auto outputs = (*net)(image), expected = (*same)(image);
  CHECK(std::equal(outputs.begin(), outputs.end(), expected.begin()));
}

TEST_CASE("an object's size is the sum of its constants") {
  using Net = Network<lenet<10>, Shape{1, 28, 28}>;
  using T = Trainer<Net, CrossEntropyLoss{}, Adam{}, Training{.batch = 4}>;
  constexpr std::size_t sum =
      T::parameter_bytes + T::gradient_bytes + T::optimizer_bytes + T::arena_bytes;
  static_assert(sizeof(T) >= sum);
  static_assert(sizeof(T) - sum <= 256);
  using Fused =
      Trainer<Net, CrossEntropyLoss{}, SGD{}, Training{.batch = 4, .update = Update::fused}>;
  static_assert(Fused::gradient_bytes == 0 && Fused::optimizer_bytes == 0);
  static_assert(sizeof(Fused) - Fused::parameter_bytes - Fused::arena_bytes <= 384);
  CHECK(sizeof(Parameters<Net>) == Net::parameter_bytes);
}

TEST_CASE("the learning rate can be set at run time") {
  using Net = Network<lenet<10>, Shape{1, 28, 28}>;
  using T = Trainer<Net, CrossEntropyLoss{}, SGD{.lr = 0.1}, Training{.batch = 4}>;
  const auto t = std::make_unique<T>(1);
  t->set_lr(0);
  const std::vector<float> before(t->parameters().values,
                                  t->parameters().values + Net::graph.total());
  const Data<Net> data(4);
  t->step(data.images, data.labels);
  CHECK(std::equal(before.begin(), before.end(), t->parameters().values));
  CHECK(t->updates() == 1);
}

namespace {

// A trainer goes on as another one did: from its copy, and from what a program may have written to
// a file.
template <auto optimizer, Training options>
void check_resuming() {
  constexpr auto dropped = Sequential<Linear{.out_features = 8}, Tanh{}, Dropout{.p = 0.3f},
                                      BatchNorm1d{}, Linear{.out_features = 3}>{};
  using Net = Network<dropped, Shape{4}>;
  using T = Trainer<Net, CrossEntropyLoss{}, optimizer, options>;
  static_assert(std::is_trivially_copyable_v<T>);
  float x[16];
  Generator random{3};
  for (float& v : x) v = random.uniform();
  const std::int32_t labels[4] = {0, 1, 2, 1};
  const auto gone_on = std::make_unique<T>(7);
  for (int i = 0; i < 5; ++i) gone_on->step(x, labels);
  gone_on->set_lr(0.02);

  const auto restored = std::make_unique<T>(7);
  restored->parameters() = gone_on->parameters();
  const auto state = std::as_const(*gone_on).optimizer_state();
  std::copy(state.begin(), state.end(), restored->optimizer_state().begin());
  restored->set_lr(static_cast<double>(gone_on->lr()));
  restored->resume_at(gone_on->runs(), gone_on->updates());
  const auto copy = std::make_unique<T>(*gone_on);

  const auto values = [](const T& t) {
    const float* p = t.parameters().values;
    return std::vector<float>(p, p + Net::graph.total());
  };
  const std::vector<float> before = values(*gone_on);
  for (int i = 0; i < 3; ++i) {
    const float loss = gone_on->step(x, labels);
    CHECK(restored->step(x, labels) == loss);
    CHECK(copy->step(x, labels) == loss);
  }
  CHECK(values(*gone_on) != before);
  CHECK(values(*restored) == values(*gone_on));
  CHECK(values(*copy) == values(*gone_on));
}

}  // namespace

TEST_CASE("a copied and a restored trainer go on with the same bits") {
  constexpr Training plain{.batch = 4}, fused{.batch = 4, .update = Update::fused};
  check_resuming<SGD{.lr = 0.1}, plain>();
  check_resuming<SGD{.lr = 0.1, .momentum = 0.9}, plain>();
  check_resuming<SGD{.lr = 0.1, .momentum = 0.9, .dampening = 0.5}, plain>();
  check_resuming<SGD{.lr = 0.1, .momentum = 0.9}, fused>();
  check_resuming<Adam{.lr = 0.01}, plain>();
  check_resuming<AdamW{.lr = 0.01}, plain>();
  check_resuming<AdamW{.lr = 0.01}, fused>();
  check_resuming<AdaBound{.lr = 0.01}, plain>();
}
