// A layer written outside the library joins a network with no registration.
#include "custom_layer.hpp"

#include <etch/etch.hpp>

#include <catch2/catch.hpp>
#include <memory>

using namespace etch;

inline constexpr auto network =
    Sequential<Conv2d{.out_channels = 3, .kernel_size = 1}, mine::Scale{}, ReLU{}, Flatten{},
               Linear{.out_features = 2}>{};
using Net = Network<network, Shape{2, 3, 3}>;

static_assert(Net::num_parameters == (2 * 3 + 3) + 3 + (27 * 2 + 2));

TEST_CASE("a layer of the user's own trains") {
  const auto trainer =
      std::make_unique<Trainer<Net, CrossEntropyLoss{}, SGD{.lr = 0.2}, Training{.batch = 4}>>(1);
  Generator random{1};
  std::vector<float> x(4 * 18);
  for (float& v : x) v = random.uniform();
  const std::vector<std::int32_t> labels{0, 1, 0, 1};
  const float* scale = trainer->parameters().values + 9;
  REQUIRE(scale[0] == 1);
  const float first = trainer->step(x, labels);
  float last = first;
  for (int i = 0; i < 60; ++i) last = trainer->step(x, labels);
  CHECK(last < first / 4);
  CHECK((scale[0] != 1 || scale[1] != 1 || scale[2] != 1));
}
