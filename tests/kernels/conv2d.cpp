// Implicit GEMM against the loops in double, over random shapes and every SIMD target.
#include <etch/kernels/conv2d.hpp>
#include <etch/kernels/conv2d_loops.hpp>
#include <etch/random.hpp>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "guarded.hpp"
#include "scratch.hpp"

using namespace etch;
using namespace etch::kernels;
using namespace guarded;

namespace {

// The taps of a kernel of 3 with stride 2 and padding 1: even inputs meet the middle one, odd
// inputs the two others.
constexpr ConvAxis strided{8, 4, 3, 2, 1, 1};
static_assert(strided.backward(0).count == 1 && strided.backward(0).first == 1);
static_assert(strided.backward(1).count == 2 && strided.backward(1).first == 0);
static_assert(strided.backward(1).step == 2 && strided.most_taps() == 2);
// Of input 2 p + 1 the first tap is at output p + 1, the other at p.
static_assert(strided.backward(1).begin == 1 && strided.backward(1).move == -1);
// A kernel smaller than the stride: most inputs meet nothing.
static_assert(ConvAxis{8, 4, 1, 2, 0, 1}.backward(0).count == 1);
static_assert(ConvAxis{8, 4, 1, 2, 0, 1}.backward(1).count == 0);
// A dilation that the stride divides: all taps meet one class.
static_assert(ConvAxis{8, 3, 2, 2, 0, 2}.backward(0).count == 2);
static_assert(ConvAxis{8, 3, 2, 2, 0, 2}.backward(1).count == 0);
// Taps that meet only padding are left out.
static_assert(ConvAxis{1, 1, 3, 1, 1, 1}.backward(0).first == 1);
static_assert(ConvAxis{1, 1, 3, 1, 1, 1}.most_taps() == 1);

ConvGeometry random_geometry(Generator& random) {
  ConvGeometry g;
  const auto pick = [&](std::size_t low, std::size_t high) {
    return low + random.below(high - low + 1);
  };
  g.groups = random.below(3) == 0 ? pick(2, 5) : 1;
  const bool depthwise = random.below(6) == 0;
  if (depthwise) g.groups = pick(2, 40);
  const std::size_t most = g.groups > 1 ? 20 : 70;
  const std::size_t in = depthwise ? 1 : pick(1, most), out = depthwise ? 1 : pick(1, most);
  Window& w = g.window;
  w.kernel_size = {pick(1, 5), pick(1, 5)};
  if (random.below(3) == 0) w.kernel_size = 1;
  w.stride = {pick(1, 3), pick(1, 3)};
  if (random.below(2) == 0) w.stride = 1;
  w.dilation = {pick(1, 2), pick(1, 3)};
  if (random.below(2) == 0) w.dilation = 1;
  w.padding = {pick(0, 4), pick(0, 4)};
  if (random.below(3) == 0) w.padding = 0;
  if (random.below(3) == 0) w.extra_padding = {pick(0, 3), pick(0, 3)};
  if (random.below(8) == 0) {  // a linear layer: with one image a single row of many columns
    g.groups = 1;
    w = {.kernel_size = 1};
    g.input = {pick(1, 700), 1, 1};
    g.output = w.output(g.input, pick(1, 300));
    return g;
  }
  if (random.below(5) == 0) {  // the first layer, over grayscale images or few channels
    const bool narrow = random.below(2) == 0;
    const std::size_t few = pick(1, narrow ? 6 : 18);
    g.groups = 1;
    if (narrow) {
      w.kernel_size.width = pick(2, 5);
      w.stride.width = pick(1, 2);
      w.dilation.width = 1;
      w.padding.width = pick(1, 4);
    } else {
      w.stride = w.dilation = 1;
    }
    do {
      g.input = {pick(1, narrow ? 9 : 4), pick(1, 14), pick(1, narrow ? 4 : 40)};
      g.output = w.output(g.input, few);
    } while (g.output.elements() == 0);
    return g;
  }
  do {
    g.input = {in * g.groups, pick(1, 14), pick(1, 20)};
    g.output = w.output(g.input, out * g.groups);
  } while (g.output.elements() == 0);
  return g;
}

// Strides, dilations that share a factor with them, and images of many tiles.
ConvGeometry strided_geometry(Generator& random) {
  ConvGeometry g;
  const auto pick = [&](std::size_t low, std::size_t high) {
    return low + random.below(high - low + 1);
  };
  Window& w = g.window;
  if (random.below(3) == 0) g.groups = pick(2, 3);
  do {
    w.kernel_size = {pick(1, 5), pick(1, 5)};
    if (random.below(3) == 0) w.kernel_size = 1;
    w.stride = {pick(1, 4), pick(1, 4)};
    if (random.below(2) == 0) w.stride = pick(2, 3);
    w.dilation = {pick(1, 4), pick(1, 4)};
    if (random.below(2) == 0) w.dilation = 1;
    w.padding = {pick(0, 4), pick(0, 4)};
    if (random.below(3) == 0) w.padding = 0;
    if (random.below(3) == 0) w.extra_padding = {pick(0, 3), pick(0, 3)};
    g.input = {pick(7, 40) * g.groups, pick(1, 24), pick(1, 40)};
    g.output = w.output(g.input, pick(7, 40) * g.groups);
  } while (g.output.elements() == 0);
  return g;
}

// So many channels that backward takes them in several blocks.
ConvGeometry wide_geometry(Generator& random) {
  ConvGeometry g;
  const auto pick = [&](std::size_t low, std::size_t high) {
    return low + random.below(high - low + 1);
  };
  Window& w = g.window;
  do {
    w.kernel_size = {pick(1, 3), pick(1, 3)};
    if (random.below(2) == 0) w.kernel_size = 1;
    w.stride = {pick(1, 2), pick(1, 2)};
    w.padding = {pick(0, 1), pick(0, 1)};
    g.input = {pick(45, 130), pick(1, 7), pick(1, 7)};
    g.output = w.output(g.input, pick(20, 300));
  } while (g.output.elements() == 0);
  return g;
}

std::vector<double> widened(Guarded& x) { return {x.data(), x.data() + x.size()}; }

// The error allowed is relative to the sum of the absolute products: float sums of n products
// are off by about sqrt(n) * 2^-24 of it, at most 40 * 6e-8 for the sizes here.
void check(const Guarded& got, const std::vector<double>& want, const std::vector<double>& sizes) {
  REQUIRE(got.intact());
  for (std::size_t i = 0; i < want.size(); ++i) {
    if (!(std::abs(got[i] - want[i]) <= 2e-6 * (sizes[i] + 1e-3))) {
      FAIL("at " << i << ": " << got[i] << " instead of " << want[i]);
    }
  }
}

std::vector<double> absolute(std::vector<double> x) {
  for (double& v : x) v = std::abs(v);
  return x;
}

struct Case {
  ConvGeometry g;
  std::size_t batch, threads;
  Guarded x, weight, dy, shift, scale, skip;

  explicit Case(Generator& random) : Case(random_geometry(random), random) {}
  Case(const ConvGeometry& geometry, Generator& random)
      : g(geometry),
        batch(1 + random.below(9)),
        threads(1 + random.below(3)),
        x(random_values(batch * g.input.elements(), random)),
        weight(random_values(g.weights(), random)),
        dy(random_values(batch * g.output.elements(), random)),
        shift(random_values(g.output.channels, random)),
        scale(random_values(g.output.channels, random)),
        skip(random_values(batch * g.output.elements(), random)) {}

  std::string text() const {
    const Window& w = g.window;
    return "batch " + std::to_string(batch) + " in " + std::to_string(g.input.channels) + "x" +
           std::to_string(g.input.height) + "x" + std::to_string(g.input.width) + " out " +
           std::to_string(g.output.channels) + " groups " + std::to_string(g.groups) + " kernel " +
           std::to_string(w.kernel_size.height) + "x" + std::to_string(w.kernel_size.width) +
           " stride " + std::to_string(w.stride.height) + "x" + std::to_string(w.stride.width) +
           " padding " + std::to_string(w.padding.height) + "x" + std::to_string(w.padding.width) +
           "+" + std::to_string(w.extra_padding.height) + "x" +
           std::to_string(w.extra_padding.width) + " dilation " +
           std::to_string(w.dilation.height) + "x" + std::to_string(w.dilation.width) +
           " threads " + std::to_string(threads);
  }

  std::vector<double> sums(bool absolutes) {
    auto xs = widened(x), ws = widened(weight);
    if (absolutes) xs = absolute(xs), ws = absolute(ws);
    std::vector<double> y(batch * g.output.elements());
    for (std::size_t row = 0; row < batch * g.output.height; ++row) {
      forward_row(g, row, xs.data(), ws.data(), y.data());
    }
    return y;
  }

  void forward(bool gemm, unsigned parts) {
    const std::size_t bytes = gemm ? conv2d_forward_scratch(g, batch, threads) : 0;
    Scratch scratch(bytes);
    Guarded y(batch * g.output.elements(), poison);
    Epilogue e;
    if (parts & 1) e.shift = shift.data();
    if (parts & 2) e.scale = scale.data();
    if (parts & 4) e.skip = skip.data();
    e.relu = parts & 8;
    const ConvForward call{g, batch, threads, x.data(), weight.data(), y.data(), e, scratch.data()};
    gemm ? conv2d_forward(call) : conv2d_forward_loops(call);
    REQUIRE(scratch.intact());
    std::vector<double> want = sums(false), sizes = sums(true);
    for (std::size_t i = 0; i < want.size(); ++i) {
      const std::size_t o = i % g.output.channels;
      if (parts & 2) want[i] *= scale[o];
      if (parts & 1) want[i] += shift[o];
      if (parts & 4) want[i] += skip[i];
      if (parts & 8) want[i] = std::max(want[i], 0.0);
      sizes[i] += 2;
    }
    check(y, want, sizes);
  }

  void input_gradient(bool gemm, bool accumulate) {
    const std::size_t bytes = gemm ? conv2d_input_gradient_scratch(g, batch, threads) : 0;
    Scratch scratch(bytes);
    Guarded dx(batch * g.input.elements(), accumulate ? 0.5f : poison);
    const ConvInputGradient call{g,         batch,      threads,       dy.data(), weight.data(),
                                 dx.data(), accumulate, scratch.data()};
    gemm ? conv2d_input_gradient(call) : conv2d_input_gradient_loops(call);
    REQUIRE(scratch.intact());
    std::vector<double> want(dx.size(), accumulate ? 0.5 : 0), sizes(dx.size(), accumulate ? 1 : 0);
    auto dys = widened(dy), ws = widened(weight);
    for (std::size_t n = 0; n < batch; ++n)
      add_input_gradient(g, n, dys.data(), ws.data(), want.data());
    dys = absolute(dys), ws = absolute(ws);
    for (std::size_t n = 0; n < batch; ++n)
      add_input_gradient(g, n, dys.data(), ws.data(), sizes.data());
    check(dx, want, sizes);
  }

  // Of the last image alone it has the same bits.
  void input_gradient_of_one() {
    const auto run = [&](std::size_t images, std::size_t parallel, const float* from, float* to) {
      Scratch scratch(conv2d_input_gradient_scratch(g, images, parallel));
      conv2d_input_gradient({g, images, parallel, from, weight.data(), to, false, scratch.data()});
      REQUIRE(scratch.intact());
    };
    const std::size_t elements = g.input.elements();
    std::vector<float> all(batch * elements, poison), one(elements, poison);
    run(batch, threads, dy.data(), all.data());
    run(1, 1, dy.data() + (batch - 1) * g.output.elements(), one.data());
    REQUIRE(std::memcmp(one.data(), &all[(batch - 1) * elements], elements * sizeof(float)) == 0);
  }

  // Any number of threads gives the same bits.
  void gradients_of_threads() {
    const auto run = [&](std::size_t parallel, std::vector<float>& dx, std::vector<float>& dw) {
      Scratch scratch(std::max(conv2d_input_gradient_scratch(g, batch, parallel),
                               conv2d_weight_gradient_scratch(g, batch, parallel)));
      conv2d_input_gradient(
          {g, batch, parallel, dy.data(), weight.data(), dx.data(), false, scratch.data()});
      conv2d_weight_gradient(
          {g, batch, parallel, x.data(), dy.data(), dw.data(), nullptr, false, scratch.data()});
    };
    std::vector<float> dx(x.size(), poison), dw(weight.size(), poison);
    run(1, dx, dw);
    for (std::size_t parallel = 2; parallel <= 5; ++parallel) {
      std::vector<float> dx_too(x.size(), poison), dw_too(weight.size(), poison);
      run(parallel, dx_too, dw_too);
      REQUIRE(std::memcmp(dx.data(), dx_too.data(), dx.size() * sizeof(float)) == 0);
      REQUIRE(std::memcmp(dw.data(), dw_too.data(), dw.size() * sizeof(float)) == 0);
    }
  }

  void weight_gradient(bool gemm, bool accumulate) {
    const std::size_t bytes = gemm ? conv2d_weight_gradient_scratch(g, batch, threads) : 0;
    Scratch scratch(bytes);
    Guarded dw(g.weights(), accumulate ? 0.5f : poison),
        db(g.output.channels, accumulate ? 0.5f : poison);
    const ConvWeightGradient call{g,         batch,     threads,    x.data(),      dy.data(),
                                  dw.data(), db.data(), accumulate, scratch.data()};
    gemm ? conv2d_weight_gradient(call) : conv2d_weight_gradient_loops(call);
    REQUIRE(scratch.intact());
    const double start = accumulate ? 0.5 : 0;
    std::vector<double> want(dw.size(), start), sizes(dw.size(), start), bias(db.size(), start),
        bias_sizes(db.size(), start);
    auto xs = widened(x), dys = widened(dy);
    for (std::size_t k = 0; k < dys.size(); ++k) {
      bias[k % bias.size()] += dys[k];
      bias_sizes[k % bias.size()] += std::abs(dys[k]);
    }
    const std::size_t rows = batch * g.output.height;
    for (std::size_t r = 0; r < rows; ++r)
      add_weight_gradient(g, r, xs.data(), dys.data(), want.data());
    xs = absolute(xs), dys = absolute(dys);
    for (std::size_t r = 0; r < rows; ++r)
      add_weight_gradient(g, r, xs.data(), dys.data(), sizes.data());
    check(dw, want, sizes);
    check(db, bias, bias_sizes);
  }
};

}  // namespace

TEST_CASE("gemm equals the loops in double over random shapes") {
  for_each_target([] {
    Generator random{7};
    for (unsigned i = 0; i < 150; ++i) {
      Case c(random);
      INFO(c.text());
      c.forward(true, i % 16);
      c.input_gradient(true, i % 2);
      c.weight_gradient(true, i % 3 == 0);
    }
  });
}

TEST_CASE("input gradients with a stride equal the loops, and an image's those of its batch") {
  for_each_target([] {
    Generator random{9};
    for (unsigned i = 0; i < 120; ++i) {
      Case c(strided_geometry(random), random);
      INFO(c.text());
      c.input_gradient(true, i % 2);
      c.input_gradient_of_one();
    }
  });
}

TEST_CASE("gradients of many channels equal the loops, for any number of threads") {
  for_each_target([] {
    Generator random{10};
    for (unsigned i = 0; i < 24; ++i) {
      Case c(wide_geometry(random), random);
      INFO(c.text());
      c.input_gradient(true, i % 2);
      c.weight_gradient(true, i % 3 == 0);
      c.gradients_of_threads();
    }
  });
}

// Their gradient has all taps of a kernel row in a tile, of which there is one, and counts pixels,
// not lines.
TEST_CASE("pointwise convolutions of few channels equal the loops") {
  for_each_target([] {
    Generator random{12};
    for (unsigned i = 0; i < 60; ++i) {
      ConvGeometry g;
      g.input = {1 + random.below(13), 1 + random.below(9), 1 + random.below(9)};
      g.window = {.kernel_size = 1};
      g.output = g.window.output(g.input, 1 + random.below(45));
      Case c(g, random);
      INFO(c.text());
      c.forward(true, i % 16);
      c.input_gradient(true, i % 2);
      c.weight_gradient(true, i % 3 == 0);
    }
  });
}

TEST_CASE("scratch grows with the batch and the threads") {
  Generator random{11};
  for (unsigned i = 0; i < 300; ++i) {
    const Case c(i % 2 ? wide_geometry(random) : random_geometry(random), random);
    INFO(c.text());
    for (const auto scratch :
         {conv2d_forward_scratch, conv2d_input_gradient_scratch, conv2d_weight_gradient_scratch}) {
      for (std::size_t batch = 1; batch < 40; ++batch) {
        REQUIRE(scratch(c.g, batch, 1) <= scratch(c.g, batch + 1, 1));
        REQUIRE(scratch(c.g, batch, 2) >= scratch(c.g, batch, 1));
      }
    }
  }
}

TEST_CASE("float loops equal the loops in double") {
  Generator random{8};
  for (unsigned i = 0; i < 60; ++i) {
    Case c(random);
    INFO(c.text());
    c.forward(false, i % 16);
    c.input_gradient(false, i % 2);
    c.weight_gradient(false, i % 3 == 0);
  }
}
