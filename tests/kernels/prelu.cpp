// ReLU with slopes that are learned, over cases drawn by lot against its formulas in double.
#include <etch/kernels/prelu.hpp>

#include "../drawn.hpp"
#include "guarded.hpp"

using namespace etch;
using namespace etch::kernels;
using namespace guarded;
using drawn::pick;

TEST_CASE("PReLU and its gradients over cases drawn by lot") {
  unsigned long_ones = 0;
  drawn::for_each_case(150, [&](Generator& random, unsigned) {
    const bool is_long = random.below(12) == 0, one_slope = random.below(2) == 0;
    const std::size_t columns = drawn::size(random, is_long ? 300 : 70);
    const std::size_t rows = is_long ? 40'000 / columns + 1 : pick(random, 1, 150);
    const std::size_t n = rows * columns, threads = pick(random, 1, 4);
    const bool in_place = random.below(2) == 0, accumulate = random.below(2) == 0;
    const bool wants_dx = random.below(5) > 0, wants_slope = random.below(5) > 0;
    INFO(rows << " rows of " << columns << ", threads " << threads << ", in place " << in_place
              << ", accumulate " << accumulate << ", one slope " << one_slope);
    long_ones += n > 32768 && threads > 1;
    const std::size_t slopes = one_slope ? 1 : columns;
    Guarded x = random_values(n, random);
    const Guarded dy = random_values(n, random), slope = random_values(slopes, random),
                  before = random_values(slopes, random);
    for (std::size_t i = 0; i < n; i += 7) x.data()[i] = 0;
    std::vector<double> want(n), want_dx(n), want_slope(slopes);
    for (std::size_t i = 0; i < slopes && accumulate; ++i) want_slope[i] = before[i];
    for (std::size_t i = 0; i < n; ++i) {
      const std::size_t s = one_slope ? 0 : i % columns;
      const double factor = x[i] > 0 ? 1 : slope[s];
      want[i] = factor * x[i];
      want_dx[i] = factor * dy[i];
      if (!(x[i] > 0)) want_slope[s] += double{x[i]} * dy[i];
    }
    for_each_target([&] {
      Guarded from = x, back = dy, y(n, poison), dx(n, poison), dx1(n, poison);
      Guarded d = before, d1 = before;
      Guarded &to = in_place ? from : y, &down = in_place ? back : dx;
      prelu({rows, columns, threads, one_slope, from.data(), slope.data(), to.data()});
      check_close(to, want);
      prelu_gradient({rows, columns, 1, one_slope, x.data(), slope.data(), dy.data(), dx1.data(),
                      d1.data(), accumulate});
      prelu_gradient({rows, columns, threads, one_slope, x.data(), slope.data(), back.data(),
                      wants_dx ? down.data() : nullptr, wants_slope ? d.data() : nullptr,
                      accumulate});
      if (wants_dx) {
        check_close(down, want_dx);
        CHECK(same_bits(down, dx1));
      }
      CHECK(same_bits(d, wants_slope ? d1 : before));
      REQUIRE(d1.intact());
      // Terms are within 1; runs of 64 of them round by 2^-24 of their sizes, and so do the runs.
      const double terms = static_cast<double>(one_slope ? n : rows);
      for (std::size_t i = 0; i < slopes; ++i) {
        CHECK(std::abs(d1[i] - want_slope[i]) <= 1e-6 + 0x1p-24 * (64 + terms));
      }
    });
  });
  CHECK(long_ones > 0);
}

TEST_CASE("PReLU passes a NaN on") {
  for_each_target([&] {
    for (const bool one_slope : {false, true}) {
      Guarded x(35, poison), slope(35, 0.5f), dy(35, 1), y(35, 0), dx(35, 0);
      prelu({1, 35, 1, one_slope, x.data(), slope.data(), y.data()});
      prelu_gradient(
          {1, 35, 1, one_slope, x.data(), slope.data(), dy.data(), dx.data(), nullptr, false});
      for (std::size_t i = 0; i < 35; ++i) CHECK((std::isnan(y[i]) && dx[i] == 0.5f));
    }
  });
}
