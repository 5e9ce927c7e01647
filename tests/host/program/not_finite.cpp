// A step that meets a NaN or an infinity updates nothing and says where the first one is.
#include "program/not_finite.hpp"

#include "network/names.hpp"

#include <etch/etch.hpp>
#include <etch/host/program/session.hpp>

#include <catch2/catch.hpp>

#include <cstring>
#include <limits>

using namespace etch;
using namespace etch::host;

static constexpr auto network =
    Sequential<Conv2d{.out_channels = 4, .kernel_size = 3, .padding = 1}, BatchNorm2d{}, ReLU{},
               Named<"middle", Conv2d{.out_channels = 4, .kernel_size = 3}>{}, Flatten{},
               Named<"last", Linear{.out_features = 3}>{}>{};
using Net = Network<network, Shape{2, 6, 6}>;
static constexpr float infinity = std::numeric_limits<float>::infinity(),
                       not_a_number = std::numeric_limits<float>::quiet_NaN();

namespace {

struct Fixture {
  explicit Fixture(Update update = Update::accumulate)
      : session(Net::graph, {.training = {.batch = 4, .update = update}, .optimizer = SGD{}}),
        images(4 * Net::input_shape.elements()) {
    Generator random{1};
    for (float& x : images) x = random.uniform();
  }

  float& parameter(const std::string& name) {
    const GraphView g = Net::graph;
    for (int i = 0; i < g.size.tensors; ++i) {
      const Tensor& t = g.tensors[i];
      if (tensor_name(g, t) == name) return session.parameters()[g.offset_of(t)];
    }
    FAIL("no parameter " << name);
    return session.parameters()[0];
  }

  // Takes a step, which must not go well, and tells where. Only fused updates may have begun.
  std::string where(bool begun = false) {
    const std::vector<float> before(session.parameters().begin(), session.parameters().end());
    session.step(images, labels);
    REQUIRE(session.diverged());
    CHECK(session.updates() == 0);
    const std::size_t learns = Net::graph.num_trainable;
    CHECK((begun ||
           std::memcmp(before.data(), session.parameters().data(), learns * sizeof(float)) == 0));
    return session.where_diverged(images, labels);
  }

  Session session;
  std::vector<float> images;
  std::vector<std::int32_t> labels{0, 1, 2, 0};
};

}  // namespace

TEST_CASE("A step that goes well has nothing to tell") {
  for (const Update update : {Update::accumulate, Update::fused}) {
    Fixture f(update);
    f.session.step(f.images, f.labels);
    CHECK_FALSE(f.session.diverged());
    CHECK(f.session.updates() == 1);
  }
}

TEST_CASE("The first NaN or infinity of a step is named: parameter, activation or gradient") {
  for (const Update update : {Update::accumulate, Update::fused}) {
    Fixture f(update);
    SECTION("parameter") {
      f.parameter("last.bias") = not_a_number;
      CHECK(f.where() == "the parameter last.bias has a NaN");
    }
    SECTION("the first of two parameters") {
      f.parameter("last.weight") = not_a_number;
      f.parameter("middle.weight") = -infinity;
      CHECK(f.where() == "the parameter middle.weight has an infinity");
    }
    SECTION("activation") {
      f.parameter("1.weight") = 1e38f;
      f.parameter("middle.weight") = 1e38f;
      CHECK(f.where() == "the activation of middle Conv2d has an infinity");
    }
    SECTION("image") {
      f.images[5] = not_a_number;
      CHECK(f.where() == "the activation of 0 Conv2d has a NaN");
    }
    SECTION("gradient") {
      // Small activations whose gradients go back through huge weights.
      std::fill_n(&f.parameter("1.weight"), 4, 0.0f);
      std::fill_n(&f.parameter("1.bias"), 4, 1e-30f);
      std::fill_n(&f.parameter("middle.bias"), 4, 0.0f);
      std::fill_n(&f.parameter("middle.weight"), 4 * 36, 1e25f);
      f.parameter("last.weight") = 1e20f;
      CHECK_THAT(f.where(update == Update::fused),
                 Catch::Contains("the gradient of") && Catch::Contains("Conv2d has"));
    }
  }
}

TEST_CASE("A running statistic that overflows is noticed where activations are still finite") {
  Fixture f;
  std::fill_n(&f.parameter("0.weight"), 72, 1e25f);
  CHECK_THAT(f.where(), Catch::StartsWith("the running statistic 1.running_var has "));
}

TEST_CASE("Of an evaluation it is the running statistic or the activation") {
  Fixture f;
  f.parameter("1.running_mean") = not_a_number;
  CHECK(f.session.where_evaluation_diverged(f.images) ==
        "the running statistic 1.running_mean has a NaN");
  f.parameter("1.running_mean") = 0;
  f.parameter("last.weight") = 3e38f;
  f.parameter("middle.weight") = 1e10f;
  CHECK_THAT(f.session.where_evaluation_diverged(f.images),
             Catch::Contains("the activation of last Linear has"));
}

TEST_CASE("All numbers are looked at") {
  std::vector<float> x(1000, 3e38f);  // their squares are infinite
  CHECK(all_finite(x, 1));
  CHECK(all_finite({}, 1));
  for (const std::size_t at : {0u, 1u, 500u, 998u, 999u}) {
    for (const float bad : {not_a_number, infinity, -infinity}) {
      x[at] = bad;
      CHECK_FALSE(all_finite(x, 2));
      x[at] = 1;
    }
  }
}
