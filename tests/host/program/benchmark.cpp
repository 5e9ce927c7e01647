// What `etch bench` times is what Session runs, and its work is counted as the network has it.
#include "program/benchmark.hpp"

#include <etch/host/network/models.hpp>

#include <catch2/catch.hpp>

using namespace etch;
using namespace etch::host;

TEST_CASE("Timed calls: warm-up, samples, and the order of their times") {
  std::size_t calls = 0;
  const Timing t = time_calls([&] { ++calls; }, 7);
  CHECK(t.samples == 7);
  CHECK(calls >= 7 * t.calls + 2);
  CHECK(t.min <= t.median);
  CHECK(t.median <= t.max);
}

TEST_CASE("The work of a program, with and without what meets only padding") {
  const GraphView lenet = find_model("lenet").graph;
  const Work inference = work_of(lenet, make_program(lenet, InferenceOptions{}));
  CHECK(inference.counted == lenet.macs);
  // 5x5 with padding 2 over 28x28: two rows of the outermost outputs miss 2 taps, two miss 1.
  const std::uint64_t inside = 28 * 5 - 6, first = 6 * inside * inside;
  CHECK(inference.real == lenet.macs - 6 * 25 * 28 * 28 + first);
  // Twice more in backward, but for the input's gradient, which nobody wants.
  const Work training = work_of(lenet, make_program(lenet, Training{}));
  CHECK(training.counted == 3 * lenet.macs - 6 * 25 * 28 * 28);

  const GraphView resnet = find_model("resnet101-v1").graph;
  const Work w = work_of(resnet, make_program(resnet, InferenceOptions{}));
  CHECK(w.counted == resnet.macs);
  CHECK(static_cast<double>(w.real) < 0.74 * static_cast<double>(w.counted));
  const std::uint64_t step = work_of(resnet, make_program(resnet, Training{})).real;
  for (const Recompute again : {Recompute::elementwise, Recompute::blocks}) {
    CHECK(work_of(resnet, make_program(resnet, Training{.recompute = again})).real == step);
  }
}

TEST_CASE("A timed inference answers as a Session does") {
  const Model& model = find_model("resnet8");
  const std::size_t batch = 3;
  InferenceRun run(model.graph, {.batch = batch});
  SessionOptions options;
  options.training.batch = batch;
  options.seed = 1;
  options.evaluates_only = true;
  Session session(model.graph, options);
  const RandomBatch images(model.graph, batch);
  const std::span<const float> want = session.evaluate(images.images), y = run();
  REQUIRE(y.size() == batch * 10);
  CHECK(std::equal(y.begin(), y.end(), want.begin(), want.end()));

  InferenceRun winograd(model.graph, {.batch = batch, .winograd = true});
  CHECK(winograd.program().prepared_bytes > 0);
  for (int again = 0; again < 2; ++again) {
    const std::span<const float> z = winograd();
    for (std::size_t i = 0; i < y.size(); ++i) CHECK(z[i] == Approx(want[i]).margin(1e-4));
  }
}
