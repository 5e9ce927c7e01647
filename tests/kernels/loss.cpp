// Values stand beside LibTorch in tests/parity/training.cpp; here every SIMD target, extremes, and
// the number of threads.
#include <etch/kernels/loss.hpp>

#include "guarded.hpp"

#include <algorithm>
#include <limits>

using namespace etch;
using namespace etch::kernels;
using namespace guarded;

TEST_CASE("cross entropy equals double arithmetic, and is stable") {
  for_each_target([] {
    Generator random{10};
    for (const std::size_t classes : {2u, 10u, 33u, 1000u}) {
      for (const float smoothing : {0.0f, 0.2f}) {
        const std::size_t rows = 50;
        Guarded x = random_values(rows * classes, random), dx(rows * classes, poison);
        for (std::size_t i = 0; i < x.size(); ++i) x.data()[i] = 500 + 20 * x[i];
        std::vector<std::int32_t> labels(rows);
        std::vector<double> want(x.size());
        double loss = 0;
        for (std::size_t r = 0; r < rows; ++r) {
          labels[r] = static_cast<std::int32_t>(random.below(classes));
          double sum = 0;
          for (std::size_t i = 0; i < classes; ++i)
            sum += std::exp(double{x[r * classes + i]} - 500);
          for (std::size_t i = 0; i < classes; ++i) {
            const double log_p = x[r * classes + i] - 500 - std::log(sum);
            const double target =
                double{smoothing} / static_cast<double>(classes) +
                (i == static_cast<std::size_t>(labels[r]) ? 1 - double{smoothing} : 0);
            loss -= target * log_p / rows;
            want[r * classes + i] = 0.5 / rows * (std::exp(log_p) - target);
          }
        }
        const CrossEntropy call{rows,     classes,       1,        smoothing, 0.5f,
                                x.data(), labels.data(), dx.data()};
        CHECK(cross_entropy(call) == Approx(loss).epsilon(1e-5));
        check_close(dx, want);
        CrossEntropy threads = call;
        threads.threads = 3;
        CHECK(cross_entropy(threads) == cross_entropy(call));
      }
    }
  });
}

// PyTorch's ignore_index, and whatever a file held: rows without a class are as if they weren't
// there, and nothing beside their row is touched.
TEST_CASE("labels that are no class add nothing") {
  for_each_target([] {
    Generator random{12};
    constexpr std::int32_t far = std::numeric_limits<std::int32_t>::max();
    for (const std::size_t classes : {2u, 10u, 33u}) {
      for (const float smoothing : {0.0f, 0.2f}) {
        const std::size_t rows = 6, kept = 3;
        const std::vector<std::int32_t> labels{-100, 1, -1, static_cast<std::int32_t>(classes),
                                               0,    1},
            kept_labels{1, 0, 1}, none{-100, far, -far, -1, -100, -100};
        const std::size_t kept_rows[] = {1, 4, 5};
        const Guarded x = random_values(rows * classes, random);
        Guarded dx(x.size(), poison), kept_x(kept * classes, 0.0f), kept_dx(kept * classes, poison);
        for (std::size_t r = 0; r < kept; ++r) {
          std::copy_n(x.data() + kept_rows[r] * classes, classes, kept_x.data() + r * classes);
        }
        const float loss =
            cross_entropy({rows, classes, 1, smoothing, 0.5f, x.data(), labels.data(), dx.data()});
        CHECK(loss == cross_entropy({kept, classes, 1, smoothing, 0.5f, kept_x.data(),
                                     kept_labels.data(), kept_dx.data()}));
        std::vector<float> want(x.size(), 0.0f);
        for (std::size_t r = 0; r < kept; ++r) {
          std::copy_n(kept_dx.data() + r * classes, classes, want.data() + kept_rows[r] * classes);
        }
        CHECK(std::equal(want.begin(), want.end(), dx.data()));
        CHECK(cross_entropy(
                  {rows, classes, 1, smoothing, 0.5f, x.data(), none.data(), dx.data()}) == 0);
        CHECK(std::all_of(dx.data(), dx.data() + dx.size(), [](float v) { return v == 0; }));
      }
    }
  });
}

TEST_CASE("mean squared error") {
  for_each_target([] {
    Generator random{11};
    for (const std::size_t n : {1u, 17u, 20000u}) {
      Guarded a = random_values(n, random), b = random_values(n, random), d(n, poison);
      double want = 0;
      std::vector<double> gradient(n);
      for (std::size_t i = 0; i < n; ++i) {
        want += std::pow(double{a[i]} - b[i], 2) / static_cast<double>(n);
        gradient[i] = 2 * (double{a[i]} - b[i]) / static_cast<double>(n);
      }
      CHECK(mean_squared_error({n, 2, 1.0f, a.data(), b.data(), d.data()}) ==
            Approx(want).epsilon(1e-6));
      check_close(d, gradient);
    }
  });
}
