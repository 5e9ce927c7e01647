// Sums over rows, over cases drawn by lot, against their definition in double.
#include <etch/kernels/columns.hpp>

#include "../drawn.hpp"
#include "guarded.hpp"

using namespace etch;
using namespace etch::kernels;
using namespace guarded;
using drawn::pick;

TEST_CASE("sums of columns over cases drawn by lot") {
  unsigned long_ones = 0;
  drawn::for_each_case(150, [&](Generator& random, unsigned) {
    const bool is_long = random.below(10) == 0, accumulate = random.below(2) == 0;
    const std::size_t columns = drawn::size(random, is_long ? 300 : 70);
    const std::size_t rows = is_long ? 40'000 / columns + 1 : pick(random, 1, 150);
    const std::size_t threads = pick(random, 1, 4);
    INFO(rows << " rows of " << columns << ", threads " << threads << ", accumulate "
              << accumulate);
    long_ones += rows * columns > 32768 && threads > 1;
    const Guarded x = random_values(rows * columns, random),
                  before = random_values(columns, random);
    std::vector<double> want(columns);
    for (std::size_t i = 0; i < columns && accumulate; ++i) want[i] = before[i];
    for (std::size_t i = 0; i < x.size(); ++i) want[i % columns] += x[i];
    for_each_target([&] {
      Guarded one = before, sums = before;
      column_sums({rows, columns, 1, x.data(), one.data(), accumulate});
      column_sums({rows, columns, threads, x.data(), sums.data(), accumulate});
      CHECK(same_bits(one, sums));
      REQUIRE(sums.intact());
      // Terms are within 1; runs of 64 of them round by 2^-24 of their sizes, and so do the runs.
      for (std::size_t i = 0; i < columns; ++i) {
        CHECK(std::abs(sums[i] - want[i]) <= 0x1p-24 * (64 + static_cast<double>(rows)));
      }
    });
  });
  CHECK(long_ones > 0);
}
