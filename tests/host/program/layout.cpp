// Programs made at run time are those of the compiler, and their peak's holders add up.
#include "program/layout.hpp"

#include <etch/host/error.hpp>
#include <etch/host/network/models.hpp>
#include <etch/models/lenet.hpp>

#include <catch2/catch.hpp>

using namespace etch;
using namespace etch::host;

using LeNet = Network<lenet<10>, Shape{1, 28, 28}>;

TEST_CASE("A program made at run time is the compiler's") {
  constexpr Training training{.batch = 4, .recompute = Recompute::elementwise};
  using Compiled = Trainer<LeNet, CrossEntropyLoss{}, Adam{}, training>;
  const Program p = make_program(LeNet::graph, training);
  CHECK(p.steps.size() == Compiled::steps.size());
  CHECK(p.peak.arena_bytes == Compiled::arena_bytes);
  for (std::size_t i = 0; i < p.steps.size(); ++i) {
    CHECK(p.steps[i].kind == Compiled::steps[i].kind);
    CHECK(p.steps[i].op == Compiled::steps[i].op);
    CHECK(p.steps[i].scratch == Compiled::steps[i].scratch);
    CHECK(p.steps[i].y == Compiled::steps[i].y);
    CHECK(p.steps[i].dx == Compiled::steps[i].dx);
  }
}

TEST_CASE("What lives at the peak adds up to it, and every buffer has a name") {
  for (const Model& m : all_models()) {
    for (const Update update : {Update::accumulate, Update::fused}) {
      const Program p = make_program(
          m.graph, Training{.batch = 2, .update = update, .recompute = Recompute::elementwise});
      const std::size_t peak = static_cast<std::size_t>(p.peak.step);
      CHECK(live_bytes(p)[peak] == p.peak.live_bytes);
      std::size_t sum = 0;
      for (const Holding& h : holdings(m.graph, p, peak)) {
        CHECK(h.name != "?");
        sum += h.bytes;
      }
      CHECK(sum == p.peak.live_bytes);
    }
  }
}

TEST_CASE("A batch whose offsets don't fit is refused") {
  CHECK_THROWS_WITH(
      make_program(find_model("resnet152-imagenet").graph, Training{.batch = 1024}),
      Catch::Contains("batch 1024: the activations take") && Catch::Contains("16 GiB"));
}
