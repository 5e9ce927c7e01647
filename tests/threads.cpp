// What may run at once: a trainer on several threads, trainers in several threads, and inferences
// of one network's parameters. For -fsanitize=thread; the bits must be those of one thread.
#include <etch/etch.hpp>

#include <catch2/catch.hpp>

#include <memory>
#include <thread>
#include <vector>

using namespace etch;

namespace {

constexpr auto small =
    Sequential<Conv2d{.out_channels = 16, .kernel_size = 3, .padding = 1}, BatchNorm2d{}, ReLU{},
               MaxPool2d{.kernel_size = 2}, Dropout{.p = 0.2f},
               Conv2d{.out_channels = 16, .kernel_size = 3, .groups = 16}, Sigmoid{},
               Conv2d{.out_channels = 24, .kernel_size = 1}, BatchNorm2d{}, LeakyReLU{},
               AvgPool2d{.kernel_size = 2}, Flatten{}, Linear{.out_features = 40}, Tanh{},
               Linear{.out_features = 10}>{};
using Net = Network<small, Shape{8, 24, 24}>;
constexpr std::size_t batch = 12, image = Net::input_shape.elements();
using T = Trainer<Net, CrossEntropyLoss{}, Adam{}, Training{.batch = batch, .threads = 4}>;

std::vector<float> random_images(std::uint64_t seed) {
  std::vector<float> images(batch * image);
  Generator random{seed};
  for (float& v : images) v = random.uniform();
  return images;
}

std::vector<float> trained(std::size_t threads, std::uint64_t seed) {
  const auto t = std::make_unique<T>(seed);
  t->set_threads(threads);
  const std::vector<float> images = random_images(seed);
  const std::vector<std::int32_t> labels(batch, 3);
  for (int i = 0; i < 3; ++i) {
    t->backward(images, labels);
    t->clip_grad_norm(1);
    t->update();
  }
  const float* p = t->parameters().values;
  return {p, p + Net::graph.total()};
}

std::vector<float> answered(const Parameters<Net>& parameters, std::size_t threads,
                            std::uint64_t seed) {
  using I = Inference<Net, InferenceOptions{.batch = batch, .threads = 4, .winograd = true}>;
  const auto net = std::make_unique<I>(parameters);
  net->set_threads(threads);
  const auto y = net->batch(random_images(seed));
  return {y.begin(), y.end()};
}

// work(i) in a thread each.
template <class Work>
std::vector<std::vector<float>> at_once(std::size_t count, const Work& work) {
  std::vector<std::vector<float>> results(count);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < count; ++i) {
    threads.emplace_back([&, i] { results[i] = work(i); });
  }
  for (std::thread& t : threads) t.join();
  return results;
}

}  // namespace

TEST_CASE("four threads of one trainer") { CHECK(trained(4, 1) == trained(1, 1)); }

TEST_CASE("trainers in threads of their own, each on two threads") {
  const auto results = at_once(3, [](std::size_t i) { return trained(2, i); });
  for (std::size_t i = 0; i < results.size(); ++i) CHECK(results[i] == trained(1, i));
}

TEST_CASE("inferences of one network's parameters in threads of their own") {
  const auto parameters = std::make_unique<Parameters<Net>>();
  initialize(Net::graph, parameters->values, 5);
  const auto work = [&](std::size_t i) { return answered(*parameters, 1 + i % 2, i); };
  const auto results = at_once(4, work);
  for (std::size_t i = 0; i < results.size(); ++i) {
    CHECK(results[i] == answered(*parameters, 1, i));
  }
}
