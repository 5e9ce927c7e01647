// Channels side by side and products over cases drawn by lot, against their definition in double.
#include <etch/kernels/join.hpp>

#include "../drawn.hpp"
#include "guarded.hpp"

using namespace etch;
using namespace etch::kernels;
using namespace guarded;
using drawn::pick;

namespace {

// Mostly small, at times enough for several threads.
struct Sizes {
  std::size_t images, pixels, channels, threads;
  explicit Sizes(Generator& random)
      : images(pick(random, 1, 5)),
        pixels(random.below(3) == 0 ? 1 : pick(random, 1, 150)),
        channels(drawn::size(random, random.below(10) == 0 ? 300 : 70)),
        threads(pick(random, 1, 4)) {}
  std::size_t size() const { return images * pixels * channels; }
};

}  // namespace

TEST_CASE("channels are copied and added over cases drawn by lot") {
  drawn::for_each_case(150, [&](Generator& random, unsigned) {
    const Sizes s(random);
    const std::size_t rows = s.images * s.pixels, c = s.channels;
    const std::size_t from = c + random.below(40), to = c + random.below(40);
    const bool accumulate = random.below(2) == 0;
    const Guarded x = random_values((rows - 1) * from + c, random);
    const Guarded before = random_values((rows - 1) * to + c, random);
    INFO(rows << " rows of " << c << ", strides " << from << " and " << to << ", accumulate "
              << accumulate);
    for_each_target([&] {
      Guarded y = before;
      copy_channels({rows, c, s.threads, x.data(), from, y.data(), to, accumulate});
      REQUIRE(y.intact());
      for (std::size_t i = 0; i < y.size(); ++i) {
        const std::size_t row = i / to, column = i % to;
        const float copied = column < c ? x[row * from + column] : 0.0f;
        const float want = column >= c ? before[i] : accumulate ? before[i] + copied : copied;
        REQUIRE(y[i] == want);
      }
    });
  });
}

TEST_CASE("products over cases drawn by lot") {
  drawn::for_each_case(100, [&](Generator& random, unsigned) {
    const std::size_t n =
        random.below(20) == 0 ? pick(random, 32'000, 70'000) : drawn::size(random, 300);
    const std::size_t threads = pick(random, 1, 4), in = random.below(3);
    const Guarded a = random_values(n, random), b = random_values(n, random);
    for_each_target([&] {
      Guarded left = a, right = b, other(n, poison);
      Guarded& y = in == 0 ? other : in == 1 ? left : right;
      multiply({n, threads, left.data(), right.data(), y.data()});
      REQUIRE(y.intact());
      for (std::size_t i = 0; i < n; ++i) REQUIRE(y[i] == a[i] * b[i]);
    });
  });
}

TEST_CASE("products with a gate, and its gradient, over cases drawn by lot") {
  drawn::for_each_case(150, [&](Generator& random, unsigned) {
    const Sizes s(random);
    const bool in_place = random.below(2) == 0;
    const Guarded x = random_values(s.size(), random), dy = random_values(s.size(), random);
    const Guarded gate = random_values(s.images * s.channels, random);
    INFO(s.images << " images of " << s.pixels << " pixels, " << s.channels << " channels");
    std::vector<double> want(gate.size()), terms(gate.size());
    for (std::size_t i = 0; i < s.size(); ++i) {
      const std::size_t image = i / (s.pixels * s.channels);
      const double term = double{x[i]} * double{dy[i]};
      want[image * s.channels + i % s.channels] += term;
      terms[image * s.channels + i % s.channels] += std::abs(term);
    }
    for_each_target([&] {
      Guarded from = x, other(s.size(), poison), dgate(gate.size(), poison), one = dgate;
      Guarded& y = in_place ? from : other;
      multiply_channels(
          {s.images, s.pixels, s.channels, s.threads, from.data(), gate.data(), y.data()});
      REQUIRE(y.intact());
      for (std::size_t i = 0; i < s.size(); ++i) {
        const std::size_t image = i / (s.pixels * s.channels);
        REQUIRE(y[i] == x[i] * gate[image * s.channels + i % s.channels]);
      }
      gate_gradient({s.images, s.pixels, s.channels, 1, x.data(), dy.data(), one.data()});
      gate_gradient({s.images, s.pixels, s.channels, s.threads, x.data(), dy.data(), dgate.data()});
      REQUIRE(dgate.intact());
      // A sum of n products in floats (Higham 2002, section 3.1).
      const double rounding = 0x1p-24 * static_cast<double>(s.pixels + 1);
      for (std::size_t i = 0; i < want.size(); ++i) {
        REQUIRE(std::abs(dgate[i] - want[i]) <= rounding * terms[i]);
      }
      CHECK(same_bits(dgate, one));
    });
  });
}
