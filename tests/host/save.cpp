// A program's own parameters and trainers, to files and back.
#include <etch/host/save.hpp>

#include "process.hpp"

#include <etch/etch.hpp>
#include <etch/host/file.hpp>
#include <etch/host/training/checkpoint.hpp>

#include <catch2/catch.hpp>

#include <cmath>
#include <fstream>
#include <memory>

namespace etch::host {
namespace {

constexpr auto small = Sequential<
    Named<"conv1", Conv2d{.out_channels = 4, .kernel_size = 3, .padding = 1, .bias = false}>{},
    Named<"bn1", BatchNorm2d{}>{}, ReLU{}, Flatten{}, Dropout{.p = 0.3f},
    Named<"fc", Linear{.out_features = 3}>{}>{};
using Small = Network<small, Shape{1, 5, 4}>;

template <class Net>
std::vector<float> numbers(const Parameters<Net>& p) {
  return {p.values, p.values + Net::graph.total()};
}

template <class Net>
struct Batch {
  std::vector<float> images = std::vector<float>(4 * Net::input_shape.elements());
  std::int32_t labels[4] = {0, 1, 2, 1};
  Batch() {
    Generator random{3};
    for (float& v : images) v = random.uniform();
  }
};

std::vector<char> bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Three steps, a file, three more in another object with another seed: the same bits.
template <auto optimizer, Training options = Training{.batch = 4}>
void check_goes_on() {
  using T = Trainer<Small, CrossEntropyLoss{}, optimizer, options>;
  const TemporaryFolder folder;
  const auto path = folder.path() / "run.safetensors";
  const Batch<Small> batch;
  const auto first = std::make_unique<T>(7);
  for (int i = 0; i < 3; ++i) first->step(batch.images, batch.labels);
  first->set_lr(0.0123);
  save(path, *first, {{"epoch", "3"}});
  const auto other = std::make_unique<T>(8);
  other->step(batch.images, batch.labels);
  CHECK(load(path, *other) == Metadata{{"epoch", "3"}});
  CHECK(other->lr() == first->lr());
  CHECK(other->seed() == 7);
  for (int i = 0; i < 3; ++i) {
    CHECK(first->step(batch.images, batch.labels) == other->step(batch.images, batch.labels));
  }
  CHECK(numbers(first->parameters()) == numbers(other->parameters()));
  save(path, *first);
  const std::vector<char> whole = bytes_of(path);
  save(path, *other);
  CHECK(bytes_of(path) == whole);
}

constexpr bool is_fc(const ParameterTensor& t) { return t.is_in("fc"); }

}  // namespace

TEST_CASE("A trainer that was saved goes on to the same bytes") {
  constexpr Training fused{.batch = 4, .update = Update::fused};
  check_goes_on<SGD{.lr = 0.1}>();
  check_goes_on<SGD{.lr = 0.1, .momentum = 0.9}>();
  check_goes_on<SGD{.lr = 0.1, .momentum = 0.9}, fused>();
  check_goes_on<Adam{}>();
  check_goes_on<AdamW{}, fused>();
  check_goes_on<AdaBound{}>();
  check_goes_on<ParameterGroups<AdamW{}, Group<is_fc, AdamW{.lr = 1e-2}>>{}>();
}

TEST_CASE("Saved parameters are read back, and are a MODEL with its network") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "net.safetensors";
  const auto parameters = std::make_unique<Parameters<Small>>();
  initialize<Initialization::kaiming_uniform>(*parameters, 5);
  save(path, *parameters, {{"by", "me"}});
  const auto read = std::make_unique<Parameters<Small>>();
  CHECK(load(path, *read) == Metadata{{"by", "me"}});
  CHECK(numbers(*read) == numbers(*parameters));

  const Safetensors file(path);
  CHECK(file.has_checksum());
  std::vector<std::string> names;
  for (const auto& [name, tensor] : file.tensors()) names.push_back(name);
  CHECK(names == std::vector<std::string>{"bn1.bias", "bn1.running_mean", "bn1.running_var",
                                          "bn1.weight", "conv1.weight", "fc.bias", "fc.weight"});
  CHECK(file.find("conv1.weight")->shape == std::vector<std::size_t>{4, 1, 3, 3});

  const OpenModel model = open_model(path.string());
  CHECK(model.input == Small::input_shape);
  Session session(open_model(path.string()), {.training = {.batch = 1}, .evaluates_only = true});
  const Batch<Small> batch;
  const std::span<const float, Small::input_shape.elements()> image(batch.images.data(),
                                                                    Small::input_shape.elements());
  const auto net = std::make_unique<Inference<Small>>(*parameters);
  const auto want = (*net)(image);
  const auto got = session.evaluate(image);
  CHECK(std::equal(want.begin(), want.end(), got.begin(), got.end()));
}

TEST_CASE("A file that doesn't fit is refused with all misfits, and nothing is changed") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "net.safetensors";
  constexpr auto other = Sequential<
      Named<"conv1", Conv2d{.out_channels = 5, .kernel_size = 3, .padding = 1, .bias = false}>{},
      Named<"bn1", BatchNorm2d{}>{}, ReLU{}, Flatten{},
      Named<"head", Linear{.out_features = 3}>{}>{};
  const auto saved = std::make_unique<Parameters<Network<other, Shape{1, 5, 4}>>>();
  save(path, *saved);
  const auto parameters = std::make_unique<Parameters<Small>>();
  initialize<Initialization::kaiming_uniform>(*parameters, 5);
  const std::vector<float> before = numbers(*parameters);
  using Catch::Matchers::Contains;
  CHECK_THROWS_WITH(
      load(path, *parameters),
      Contains("net.safetensors: doesn't fit the network") &&
          Contains("conv1.weight: is [5, 1, 3, 3], but the network has [4, 1, 3, 3]") &&
          Contains("fc.weight: is missing") && Contains("head.weight"));
  CHECK(numbers(*parameters) == before);

  using T = Trainer<Small, CrossEntropyLoss{}, SGD{.momentum = 0.9}, Training{.batch = 4}>;
  const auto trainer = std::make_unique<T>(1);
  save(path, *parameters);
  CHECK_THROWS_WITH(load(path, *trainer),
                    Contains("optimizer.momentum_buffer.fc.weight: is missing"));
  using Plain = Trainer<Small, CrossEntropyLoss{}, SGD{}, Training{.batch = 4}>;
  const auto plain = std::make_unique<Plain>(1);
  CHECK_THROWS_WITH(load(path, *plain), Contains("it isn't a saved Trainer"));
  save(path, *trainer);
  CHECK_THROWS_WITH(load(path, *plain), Contains("optimizer.momentum_buffer.fc.weight"));
  load(path, *parameters);  // a trainer's file has them, too
  CHECK(numbers(*parameters) == numbers(trainer->parameters()));
}

TEST_CASE("A number that isn't finite is neither saved nor loaded") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "net.safetensors";
  const auto parameters = std::make_unique<Parameters<Small>>();
  initialize<Initialization::kaiming_uniform>(*parameters, 5);
  save(path, *parameters);
  const std::vector<char> good = bytes_of(path);
  parameters->values[3] = NAN;
  CHECK_THROWS_AS(save(path, *parameters), Diverged);
  CHECK(bytes_of(path) == good);
  const auto tensors = model_tensors(Small::graph, parameters->values);
  write_safetensors(path, tensors);
  const auto read = std::make_unique<Parameters<Small>>();
  CHECK_THROWS_WITH(load(path, *read), Catch::Matchers::Contains("is nan"));
}

TEST_CASE("Metadata of etch's own names are refused") {
  const TemporaryFolder folder;
  const auto parameters = std::make_unique<Parameters<Small>>();
  CHECK_THROWS_WITH(save(folder.path() / "net.safetensors", *parameters, {{"etch.model", "x"}}),
                    Catch::Matchers::Contains("metadata etch.model"));
}

TEST_CASE("A trainer isn't saved between backward() and update()") {
  const TemporaryFolder folder;
  using T = Trainer<Small, CrossEntropyLoss{}, Adam{}, Training{.batch = 4}>;
  const auto trainer = std::make_unique<T>(1);
  const Batch<Small> batch;
  trainer->backward(batch.images, batch.labels);
  CHECK_THROWS_WITH(save(folder.path() / "run.safetensors", *trainer),
                    Catch::Matchers::Contains("is saved after update()"));
  trainer->update();
  save(folder.path() / "run.safetensors", *trainer);
}

TEST_CASE("Of a trainer whose frozen layers stay in place what learns is saved") {
  constexpr auto tuned = Sequential<Frozen<Named<"fc1", Linear{.out_features = 6}>{}>{}, Tanh{},
                                    Named<"fc2", Linear{.out_features = 3}>{}>{};
  using Net = Network<tuned, Shape{4}>;
  using T = Trainer<Net, CrossEntropyLoss{}, Adam{}, Training{.batch = 4, .frozen_in_place = true}>;
  const TemporaryFolder folder;
  const auto path = folder.path() / "run.safetensors";
  const auto given = std::make_unique<Parameters<Net>>();
  initialize<Initialization::kaiming_uniform>(*given, 5);
  const auto first = std::make_unique<T>(*given, 7), other = std::make_unique<T>(*given, 7);
  const Batch<Net> batch;
  for (int i = 0; i < 3; ++i) first->step(batch.images, batch.labels);
  save(path, *first);
  CHECK(Safetensors(path).find("fc1.weight") == nullptr);
  load(path, *other);
  CHECK(first->step(batch.images, batch.labels) == other->step(batch.images, batch.labels));
}

TEST_CASE("A plateau schedule is kept exactly") {
  ReduceLROnPlateau schedule{.patience = 1}, other{.patience = 1};
  restore_schedule(other, schedule_text(schedule));
  CHECK(std::isinf(other.best));
  double lr = 0.1;
  for (const double loss : {0.3, 0.1 + 0.2, 0.4}) lr = schedule.next(lr, loss);
  restore_schedule(other, schedule_text(schedule));
  CHECK(other.best == schedule.best);
  for (const double loss : {0.31, 0.5, 0.5}) CHECK(schedule.next(lr, loss) == other.next(lr, loss));
  CHECK_THROWS_AS(restore_schedule(other, "{}"), Error);
}

TEST_CASE("A network with a user-defined layer is saved without its layers") {
  CHECK(network_text_of<Small> != "");
  struct Twice {};
  CHECK(has_tree<Sequential<ReLU{}, Residual<Sequential<ReLU{}>{}, Sequential<>{}>{}>>);
  CHECK(!has_tree<Twice>);
}

}  // namespace etch::host
