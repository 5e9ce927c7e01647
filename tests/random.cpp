// The same numbers on every platform: these are pinned.
#include <etch/etch.hpp>
#include <etch/initialize.hpp>
#include <etch/models/lenet.hpp>
#include <etch/optimizers/lr_schedule.hpp>

#include <catch2/catch.hpp>
#include <vector>

using namespace etch;

static_assert(mix(0) == 0xe220a8397b1dcdafu);  // SplitMix64's first number for seed 0

TEST_CASE("the generator's moments and bounds") {
  Generator random{42};
  double sum = 0, squares = 0, normal = 0, normal_squares = 0;
  const int n = 200000;
  for (int i = 0; i < n; ++i) {
    const double u = random.uniform(), z = random.normal();
    REQUIRE((u >= -1 && u < 1));
    sum += u, squares += u * u, normal += z, normal_squares += z * z;
  }
  CHECK(sum / n == Approx(0).margin(0.01));
  CHECK(squares / n == Approx(1.0 / 3).margin(0.01));
  CHECK(normal / n == Approx(0).margin(0.01));
  CHECK(normal_squares / n == Approx(1).margin(0.02));
  for (int i = 0; i < 1000; ++i) REQUIRE(random.below(7) < 7);
}

TEST_CASE("a generator continues from its two numbers") {
  Generator a{5};
  for (int i = 0; i < 10; ++i) a.normal();
  Generator b{5, a.drawn};
  CHECK(a.normal() == b.normal());
}

TEST_CASE("pinned numbers") {
  Generator random{1};
  CHECK(random.uniform() == -0x1.0df2a8p-2f);
  CHECK(random.normal() == 0x1.88dc54p-3f);
}

TEST_CASE("layers begin as PyTorch's do") {
  using Net = Network<lenet<10>, Shape{1, 28, 28}>;
  std::vector<float> values(Net::graph.total());
  initialize(Net::graph, values.data(), 3);
  for (int i = 0; i < Net::graph.size.tensors; ++i) {
    const Tensor& t = Net::graph.tensors[i];
    const float bound = 1 / std::sqrt(static_cast<float>(t.fan_in));
    double squares = 0;
    for (std::size_t k = 0; k < t.size(); ++k) {
      const float v = values[Net::graph.offset_of(t) + k];
      REQUIRE(std::abs(v) <= bound);
      squares += double{v} * v;
    }
    if (t.size() > 1000)
      CHECK(squares / static_cast<double>(t.size()) == Approx(bound * bound / 3).epsilon(0.1));
  }
  std::vector<float> again(values.size()), other(values.size());
  initialize(Net::graph, again.data(), 3);
  initialize(Net::graph, other.data(), 4);
  CHECK(values == again);
  CHECK(values != other);
}

TEST_CASE("The slopes of PReLU begin with its init") {
  using Net =
      Network<Sequential<BatchNorm2d{}, PReLU{.num_parameters = 3, .init = 0.125f}, PReLU{}>{},
              Shape{3, 2, 2}>;
  std::vector<float> values(Net::graph.total());
  initialize(Net::graph, values.data(), 3);
  const std::vector<float> slopes(values.begin() + 6, values.begin() + 10);
  CHECK(slopes == std::vector<float>{0.125f, 0.125f, 0.125f, 0.25f});
  Parameters<Net> same;
  initialize<Initialization::kaiming_uniform>(same, 3);
  CHECK(std::equal(values.begin(), values.end(), same.values));
}

TEST_CASE("Kaiming normal has variance 2 / fan_out") {
  using Net = Network<Conv2d{.out_channels = 64, .kernel_size = 3}, Shape{32, 5, 5}>;
  std::vector<float> values(Net::graph.total());
  initialize(Net::graph, values.data(), 1, Initialization::kaiming_normal);
  double squares = 0;
  for (std::size_t i = 0; i < 64 * 32 * 9; ++i) squares += double{values[i]} * values[i];
  CHECK(squares / (64 * 32 * 9) == Approx(2.0 / (64 * 9)).epsilon(0.05));
}
