// Winograd's convolution against the loops in double, over random shapes and every SIMD target.
#include <etch/kernels/conv2d_loops.hpp>
#include <etch/kernels/winograd.hpp>

#include <algorithm>

#include "../drawn.hpp"
#include "guarded.hpp"
#include "scratch.hpp"

using namespace etch;
using namespace etch::kernels;
using namespace guarded;

namespace {

constexpr ConvGeometry square(std::size_t inputs, std::size_t size, std::size_t outputs) {
  const Window w{.kernel_size = 3, .padding = 1};
  const Shape in{inputs, size, size};
  return {.input = in, .output = w.output(in, outputs), .window = w};
}

// Which tiles ResNet-101 takes at 224x224; nothing but 3x3 with stride 1 takes any.
static_assert(winograd_tile(square(64, 56, 64)) == 4);
static_assert(winograd_tile(square(128, 28, 128)) == 4);
static_assert(winograd_tile(square(256, 14, 256)) == 2);
static_assert(winograd_tile(square(512, 7, 512)) == 0);
static_assert(winograd_tile(square(3, 224, 64)) == 0);
static_assert(winograd_weights(square(256, 14, 256)) == 16 * 256 * 256);

ConvGeometry random_geometry(Generator& random) {
  ConvGeometry g;
  const auto pick = [&](std::size_t low, std::size_t high) {
    return low + random.below(high - low + 1);
  };
  do {
    g.window = {.kernel_size = 3,
                .padding = {pick(0, 3), pick(0, 2)},
                .extra_padding = {pick(0, 1), pick(0, 2)}};
    g.input = {pick(16, 70), pick(10, 30), pick(10, 40)};
    g.output = g.window.output(g.input, pick(16, 90));
  } while (winograd_tile(g) == 0);
  return g;
}

// The error relative to the largest sum of absolute products: a tile's outputs share their
// intermediate sums, so at a border, where a sum is of few products, it is larger than its own.
constexpr double allowed(std::size_t m) { return m == 2 ? 2e-7 : 3e-6; }

void check(const ConvGeometry& g, std::size_t batch, std::size_t threads, unsigned parts,
           Generator& random) {
  INFO(g.input.channels << "x" << g.input.height << "x" << g.input.width << " -> "
                        << g.output.channels << ", batch " << batch << ", m " << winograd_tile(g));
  Guarded x = random_values(batch * g.input.elements(), random);
  Guarded weight = random_values(g.weights(), random), prepared(winograd_weights(g), poison);
  Guarded scale = random_values(g.output.channels, random);
  Guarded shift = random_values(g.output.channels, random);
  Guarded y = random_values(batch * g.output.elements(), random);
  const std::vector<double> skip(y.data(), y.data() + y.size());
  Scratch scratch(winograd_scratch(g, batch, threads));
  winograd_prepare({g, weight.data(), prepared.data()});
  REQUIRE(prepared.intact());
  Epilogue e;
  if (parts & 1) e.shift = shift.data();
  if (parts & 2) e.scale = scale.data();
  if (parts & 4) e.skip = y.data();  // the sum goes onto it
  e.relu = parts & 8;
  winograd_forward({g, batch, threads, x.data(), prepared.data(), y.data(), e, scratch.data()});
  REQUIRE(scratch.intact());
  REQUIRE(y.intact());
  const auto loops = [&](auto change) {
    std::vector<double> in(x.data(), x.data() + x.size()),
        w(weight.data(), weight.data() + weight.size()), sums(y.size());
    for (double& v : in) v = change(v);
    for (double& v : w) v = change(v);
    for (std::size_t row = 0; row < batch * g.output.height; ++row) {
      forward_row(g, row, in.data(), w.data(), sums.data());
    }
    return sums;
  };
  const std::vector<double> want = loops([](double v) { return v; });
  const std::vector<double> sizes = loops([](double v) { return std::abs(v); });
  double worst = 0;
  for (std::size_t i = 0; i < want.size(); ++i) {
    const std::size_t o = i % g.output.channels;
    double v = want[i];
    if (parts & 2) v *= scale[o];
    if (parts & 1) v += shift[o];
    if (parts & 4) v += skip[i];
    if (parts & 8) v = std::max(v, 0.0);
    worst = std::max(worst, std::abs(y[i] - v));
    REQUIRE(std::isfinite(y[i]));
  }
  const double largest = *std::max_element(sizes.begin(), sizes.end());
  CHECK(worst <= allowed(winograd_tile(g)) * largest);
}

// Training's forward and input gradient in tiles of m.
void check_training(const ConvGeometry& g, std::size_t batch, std::size_t threads, std::size_t m,
                    bool accumulate, Generator& random) {
  INFO(g.input.channels << "x" << g.input.height << "x" << g.input.width << " -> "
                        << g.output.channels << ", padding " << g.window.padding.height << "x"
                        << g.window.padding.width << ", batch " << batch << ", m " << m);
  Guarded x = random_values(batch * g.input.elements(), random);
  Guarded dy = random_values(batch * g.output.elements(), random);
  Guarded weight = random_values(g.weights(), random);
  const ConvGeometry backward = winograd_backward(g);
  Guarded y(dy.size(), poison), dx(x.size(), accumulate ? 0.5f : poison);
  {
    Scratch scratch(winograd_training_scratch(g, batch, threads, m));
    const ConvForward call{g,        batch, threads,       x.data(), weight.data(),
                           y.data(), {},    scratch.data()};
    winograd_training_forward({call, m});
    REQUIRE(scratch.intact());
  }
  {
    Scratch scratch(winograd_training_scratch(backward, batch, threads, m));
    const ConvInputGradient call{g,         batch,      threads,       dy.data(), weight.data(),
                                 dx.data(), accumulate, scratch.data()};
    winograd_input_gradient({call, m});
    REQUIRE(scratch.intact());
  }
  const auto close = [&](const Guarded& got, double start, const auto& loops) {
    REQUIRE(got.intact());
    std::vector<double> want(got.size(), start), sizes(got.size(), start);
    loops([](double v) { return v; }, want);
    loops([](double v) { return std::abs(v); }, sizes);
    const double largest = *std::max_element(sizes.begin(), sizes.end());
    for (std::size_t i = 0; i < want.size(); ++i) {
      if (!(std::abs(got[i] - want[i]) <= allowed(m) * largest)) {
        FAIL("at " << i << ": " << got[i] << " instead of " << want[i]);
      }
    }
  };
  const auto changed = [](const Guarded& from, auto change) {
    std::vector<double> to(from.size());
    for (std::size_t i = 0; i < to.size(); ++i) to[i] = change(from[i]);
    return to;
  };
  close(y, 0, [&](auto change, std::vector<double>& sums) {
    const auto xs = changed(x, change), ws = changed(weight, change);
    for (std::size_t row = 0; row < batch * g.output.height; ++row) {
      forward_row(g, row, xs.data(), ws.data(), sums.data());
    }
  });
  close(dx, accumulate ? 0.5 : 0, [&](auto change, std::vector<double>& sums) {
    const auto dys = changed(dy, change), ws = changed(weight, change);
    for (std::size_t n = 0; n < batch; ++n) {
      add_input_gradient(g, n, dys.data(), ws.data(), sums.data());
    }
  });
}

}  // namespace

TEST_CASE("Winograd's tiles equal the loops in double over random shapes") {
  for_each_target([] {
    drawn::for_each_case(16, [](Generator& random, unsigned i) {
      const ConvGeometry g = random_geometry(random);
      check(g, 1 + random.below(4), 1 + random.below(3), i, random);
    });
    Generator random{9};
    check(square(64, 14, 80), 3, 2, 15, random);
    check(square(20, 28, 50), 2, 1, 0, random);
  });
}

TEST_CASE("Winograd in training equals the loops in double, forward and its input gradient") {
  for_each_target([] {
    drawn::for_each_case(12, [](Generator& random, unsigned i) {
      ConvGeometry g = random_geometry(random);
      g.window.padding = {random.below(3), random.below(3)};
      g.output = g.window.output(g.input, g.output.channels);
      check_training(g, 1 + random.below(4), 1 + random.below(3), i % 2 ? 4 : 2, i % 3 == 0,
                     random);
    });
  });
}

TEST_CASE("Winograd's tiles are chosen by the batch, and its scratch grows with it") {
  // Weights are fetched and transformed once for all images.
  CHECK(winograd_training_tile(square(256, 14, 256), 1) == 2);
  CHECK(winograd_training_tile(square(256, 14, 256), 16) == 4);
  CHECK(winograd_training_tile(square(512, 7, 512), 4) == 0);
  CHECK(winograd_training_tile(square(512, 7, 512), 64) == 4);
  CHECK(winograd_training_tile(square(8, 28, 64), 64) == 0);
  // Most taps of small maps meet padding, which direct convolution leaves out.
  CHECK(winograd_training_tile(square(128, 4, 128), 64) == 4);
  CHECK(winograd_training_tile(square(256, 2, 256), 64) == 0);
  Generator random{12};
  for (unsigned i = 0; i < 100; ++i) {
    const ConvGeometry g = random_geometry(random);
    for (std::size_t batch = 1; batch < 40; ++batch) {
      REQUIRE(winograd_scratch(g, batch, 1) <= winograd_scratch(g, batch + 1, 1));
      REQUIRE(winograd_scratch(g, batch, 1) <= winograd_scratch(g, batch, 2));
      for (std::size_t m : {2, 4}) {
        REQUIRE(winograd_training_scratch(g, batch, 1, m) <=
                winograd_training_scratch(g, batch + 1, 1, m));
      }
    }
  }
}

// A planned batch serves a smaller one: its blocks of tiles may be the longer ones.
TEST_CASE("Winograd's scratch serves every smaller batch") {
  Generator random{13};
  const ConvGeometry g = square(256, 10, 256);
  constexpr std::size_t most = 3;
  Guarded x = random_values(most * g.input.elements(), random);
  Guarded weight = random_values(g.weights(), random), prepared(winograd_weights(g), poison);
  Guarded y(most * g.output.elements(), poison);
  winograd_prepare({g, weight.data(), prepared.data()});
  for (std::size_t batch = 1; batch <= most; ++batch) {
    Scratch scratch(winograd_scratch(g, most, 1));
    winograd_forward({g, batch, 1, x.data(), prepared.data(), y.data(), {}, scratch.data()});
    REQUIRE(scratch.intact());
  }
}

TEST_CASE("Winograd's result is the same for any number of threads and in any batch") {
  Generator random{10};
  for (const ConvGeometry& g : {square(32, 14, 48), square(16, 28, 33)}) {
    const std::size_t batch = 5, image = g.input.elements(), answer = g.output.elements();
    Guarded x = random_values(batch * image, random), weight = random_values(g.weights(), random);
    Guarded prepared(winograd_weights(g), poison);
    Guarded all(batch * answer, poison), one(answer, poison);
    winograd_prepare({g, weight.data(), prepared.data()});
    Scratch scratch(winograd_scratch(g, batch, 3));
    winograd_forward({g, batch, 3, x.data(), prepared.data(), all.data(), {}, scratch.data()});
    for (std::size_t n = 0; n < batch; ++n) {
      winograd_forward(
          {g, 1, 1, x.data() + n * image, prepared.data(), one.data(), {}, scratch.data()});
      CHECK(std::equal(one.data(), one.data() + answer, all.data() + n * answer));
    }
  }
}
