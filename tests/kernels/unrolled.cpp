// Algorithm::unrolled of firmware against the loops in double, for geometries that are constants.
#include <etch/kernels/conv2d.hpp>
#include <etch/kernels/conv2d_loops.hpp>

#include "guarded.hpp"
#include "scratch.hpp"

using namespace etch;
using namespace etch::kernels;
using namespace guarded;

namespace {

constexpr ConvGeometry conv(Shape input, std::size_t outputs, Window w) {
  return {input, w.output(input, outputs), w};
}

std::vector<double> loops(const ConvGeometry& g, std::size_t batch, Guarded& x, Guarded& weight) {
  std::vector<double> xs(x.data(), x.data() + x.size());
  std::vector<double> ws(weight.data(), weight.data() + weight.size());
  std::vector<double> y(batch * g.output.elements());
  for (std::size_t row = 0; row < batch * g.output.height; ++row) {
    forward_row(g, row, xs.data(), ws.data(), y.data());
  }
  return y;
}

// Onto what is in y already, with a shift and a ReLU or without.
template <ConvGeometry g>
void check(Generator& random) {
  static_assert(micro::is_unrolled(g));
  using Kernels = ConvKernels<g, Images::any, true>;
  for (const std::size_t batch : {1u, 3u}) {
    for (const bool all : {false, true}) {
      INFO("outputs " << g.output.channels << ", width " << g.output.width << ", all " << all);
      Guarded x = random_values(batch * g.input.elements(), random);
      Guarded weight = random_values(g.weights(), random);
      Guarded shift = random_values(g.output.channels, random);
      Guarded y(batch * g.output.elements(), all ? 0.5f : poison);
      Scratch scratch(Kernels::forward_scratch(batch, 1));
      Epilogue e;
      if (all) e = {.shift = shift.data(), .skip = y.data(), .relu = true};
      Kernels::forward({g, batch, 1, x.data(), weight.data(), y.data(), e, scratch.data()});
      CHECK(scratch.intact());
      std::vector<double> want = loops(g, batch, x, weight);
      for (std::size_t i = 0; all && i < want.size(); ++i) {
        want[i] = std::max(want[i] + shift[i % g.output.channels] + 0.5, 0.0);
      }
      REQUIRE(y.intact());
      for (std::size_t i = 0; i < want.size(); ++i) {
        if (!(std::abs(y[i] - want[i]) <= 1e-5)) FAIL(i << ": " << y[i] << " not " << want[i]);
      }
    }
  }
}

}  // namespace

TEST_CASE("unrolled convolutions equal the loops in double") {
  Generator random{12};
  check<conv({16, 9, 9}, 16, {3, 1, 1})>(random);
  check<conv({1, 28, 28}, 6, {5, 1, 2})>(random);
  check<conv({3, 8, 10}, 8, {3, 1, 1})>(random);
  check<conv({3, 9, 11}, 18, {3, 2, 1})>(random);
  check<conv({5, 7, 6}, 37, {{2, 3}, 1, {0, 1}})>(random);
  check<conv({4, 6, 3}, 3, {{3, 2}, 1, 1})>(random);
  check<conv({2, 5, 1}, 1, {{3, 1}, 1, {1, 0}})>(random);
  check<conv({7, 12, 12}, 10, {3, 1, 2, 2})>(random);
  check<conv({6, 10, 9}, 20, {{4, 3}, {2, 3}, {1, 2}, {1, 2}})>(random);
  check<conv({1, 49, 10}, 64, {{10, 4}, 2, {4, 1}})>(random);
  check<conv({6, 14, 14}, 16, {5})>(random);
  check<conv({3, 8, 8}, 12, {3, 2, 0, 1, 1})>(random);
  check<conv({2, 3, 2}, 4, {2, 1, 4})>(random);
}
