#include <etch/kernels/pool.hpp>

#include "guarded.hpp"

using namespace etch;
using namespace etch::kernels;
using namespace guarded;

namespace {

struct Case {
  Shape input, output;
  Window window;
  std::size_t batch;
};

Case random_case(Generator& random, bool dilated) {
  Case c;
  const auto pick = [&](std::size_t low, std::size_t high) {
    return low + random.below(high - low + 1);
  };
  do {
    c.window.kernel_size = {pick(1, 4), pick(1, 4)};
    c.window.stride = {pick(1, 3), pick(1, 3)};
    c.window.padding = {random.below(c.window.kernel_size.height / 2 + 1),
                        random.below(c.window.kernel_size.width / 2 + 1)};
    if (random.below(2) == 0) {
      c.window.extra_padding = {random.below(c.window.kernel_size.height - c.window.padding.height),
                                random.below(c.window.kernel_size.width - c.window.padding.width)};
    }
    if (dilated) c.window.dilation = {pick(1, 2), pick(1, 2)};
    c.input = {pick(1, 40), pick(1, 12), pick(1, 12)};
    c.output = c.window.output(c.input, c.input.channels);
    c.batch = pick(1, 4);
  } while (c.output.elements() == 0);
  return c;
}

// Calls body(y index, x index or -1 in the padding, tap) for every tap; positions that not even
// the padding covers are left out.
template <class Body>
void for_taps(const Case& c, const Body& body) {
  const Window& w = c.window;
  for (std::size_t n = 0; n < c.batch; ++n)
    for (std::size_t r = 0; r < c.output.height; ++r)
      for (std::size_t q = 0; q < c.output.width; ++q)
        for (std::size_t k = 0; k < c.input.channels; ++k)
          for (std::size_t t = 0; t < w.kernel_size.area(); ++t) {
            const auto row = static_cast<long>(r * w.stride.height +
                                               t / w.kernel_size.width * w.dilation.height) -
                             static_cast<long>(w.padding.height);
            const auto column =
                static_cast<long>(q * w.stride.width + t % w.kernel_size.width * w.dilation.width) -
                static_cast<long>(w.padding.width);
            const bool inside = row >= 0 && column >= 0 &&
                                row < static_cast<long>(c.input.height) &&
                                column < static_cast<long>(c.input.width);
            const long x =
                inside ? static_cast<long>(
                             ((n * c.input.height + static_cast<std::size_t>(row)) * c.input.width +
                              static_cast<std::size_t>(column)) *
                                 c.input.channels +
                             k)
                       : -1;
            body(((n * c.output.height + r) * c.output.width + q) * c.input.channels + k, x, t);
          }
}

}  // namespace

TEST_CASE("max pool: values, first winner, gradient") {
  for_each_target([] {
    Generator random{6};
    for (int i = 0; i < 40; ++i) {
      const Case c = random_case(random, true);
      const std::size_t ny = c.batch * c.output.elements(), nx = c.batch * c.input.elements();
      Guarded x = random_values(nx, random), dy = random_values(ny, random);
      for (std::size_t k = 0; k < nx; k += 3) x.data()[k] = 0.5f;  // ties
      Guarded y(ny, poison), dx(nx, poison);
      std::vector<std::uint8_t> argmax(ny + 1, 0xee);
      max_pool_forward(
          {c.input, c.output, c.window, c.batch, 2, x.data(), argmax.data(), y.data()});
      max_pool_gradient(
          {c.input, c.output, c.window, c.batch, 2, dy.data(), argmax.data(), dx.data()});
      CHECK(argmax[ny] == 0xee);
      Guarded alone(ny, poison);  // in inference nobody asks for the taps
      max_pool_forward({c.input, c.output, c.window, c.batch, 1, x.data(), nullptr, alone.data()});
      CHECK(same_bits(alone, y));
      std::vector<double> want(ny, -HUGE_VAL), want_dx(nx);
      std::vector<long> from(ny, -1);
      std::vector<std::size_t> tap(ny);
      for_taps(c, [&](std::size_t o, long in, std::size_t t) {
        if (in < 0 || x[static_cast<std::size_t>(in)] <= want[o]) return;
        want[o] = x[static_cast<std::size_t>(in)];
        from[o] = in;
        tap[o] = t;
      });
      for (std::size_t o = 0; o < ny; ++o) {
        want_dx[static_cast<std::size_t>(from[o])] += dy[o];
        REQUIRE(argmax[o] == tap[o]);
      }
      check_close(y, want);
      check_close(dx, want_dx);
    }
  });
}

TEST_CASE("max pool: a NaN wins") {
  for_each_target([] {
    Generator random{12};
    for (int i = 0; i < 40; ++i) {
      const Case c = random_case(random, true);
      const std::size_t ny = c.batch * c.output.elements(), nx = c.batch * c.input.elements();
      Guarded x = random_values(nx, random), y(ny, poison), alone(ny, 0);
      for (std::size_t k = random.below(5); k < nx; k += 5) x.data()[k] = poison;
      std::vector<std::uint8_t> argmax(ny);
      max_pool_forward(
          {c.input, c.output, c.window, c.batch, 1, x.data(), argmax.data(), y.data()});
      max_pool_forward({c.input, c.output, c.window, c.batch, 1, x.data(), nullptr, alone.data()});
      std::vector<std::uint8_t> seen(ny);
      for_taps(c, [&](std::size_t o, long in, std::size_t) {
        if (in >= 0 && std::isnan(x[static_cast<std::size_t>(in)])) seen[o] = 1;
      });
      for (std::size_t o = 0; o < ny; ++o) {
        REQUIRE(std::isnan(y[o]) == (seen[o] == 1));
        REQUIRE(std::isnan(alone[o]) == (seen[o] == 1));
      }
      for_taps(c, [&](std::size_t o, long in, std::size_t tap) {
        if (seen[o] && tap == argmax[o]) {
          REQUIRE(in >= 0);
          CHECK(std::isnan(x[static_cast<std::size_t>(in)]));
        }
      });
    }
  });
}

TEST_CASE("average pool and its gradient, padding counted or not") {
  for_each_target([] {
    Generator random{7};
    for (int i = 0; i < 40; ++i) {
      const Case c = random_case(random, false);
      const bool counted = i % 2;
      const std::size_t ny = c.batch * c.output.elements(), nx = c.batch * c.input.elements();
      Guarded x = random_values(nx, random), dy = random_values(ny, random);
      Guarded y(ny, poison), dx(nx, poison);
      avg_pool_forward({c.input, c.output, c.window, counted, c.batch, 2, x.data(), y.data()});
      avg_pool_gradient({c.input, c.output, c.window, counted, c.batch, 2, dy.data(), dx.data()});
      std::vector<double> want(ny), want_dx(nx), count(ny);
      for_taps(c, [&](std::size_t o, long in, std::size_t) { count[o] += counted || in >= 0; });
      for_taps(c, [&](std::size_t o, long in, std::size_t) {
        if (in < 0) return;
        want[o] += x[static_cast<std::size_t>(in)] / count[o];
        want_dx[static_cast<std::size_t>(in)] += dy[o] / count[o];
      });
      check_close(y, want);
      check_close(dx, want_dx);
    }
  });
}
