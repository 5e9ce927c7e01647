// Trains and infers, and prints the losses and a hash of the parameters: the same whatever the size
// of a pointer. Built by check.sh.
#include <etch/models/lenet.hpp>

#include <bit>
#include <cstdio>

using namespace etch;

constexpr auto model =
    Sequential<Conv2d{.out_channels = 6, .kernel_size = 5, .padding = 2}, BatchNorm2d{}, ReLU{},
               MaxPool2d{.kernel_size = 2}, Dropout{.p = 0.2f},
               Conv2d{.out_channels = 16, .kernel_size = 5}, ReLU{}, AvgPool2d{.kernel_size = 2},
               Flatten{}, Linear{.out_features = 84}, Tanh{}, Linear{.out_features = 10}>{};
using Net = Network<model, Shape{1, 28, 28}>;
using T = Trainer<Net, CrossEntropyLoss{}, Adam{.lr = 1e-3}, Training{.batch = 4}>;

static T trainer{3};
static Inference<Net> net{trainer.parameters()};

template <std::size_t n>
static std::uint64_t hash_of(std::span<const float, n> values) {
  std::uint64_t hash = 0;
  for (const float v : values) hash = mix(hash ^ std::bit_cast<std::uint32_t>(v));
  return hash;
}

int main() {
  static float images[4 * 784];
  const std::int32_t labels[4] = {1, 5, 0, 9};
  Generator random{1};
  for (int step = 0; step < 10; ++step) {
    for (float& v : images) v = random.uniform();
    std::printf("loss %a\n", static_cast<double>(trainer.step(images, labels)));
  }
  const std::span<const float> parameters(trainer.parameters().values, Net::graph.total());
  const auto outputs = net(std::span<const float, 784>(images, 784));
  std::printf("parameters %016llx, outputs %016llx\n",
              static_cast<unsigned long long>(hash_of(parameters)),
              static_cast<unsigned long long>(hash_of(outputs)));
}
