// Values stand beside LibTorch in tests/parity/training.cpp; here every SIMD target, extremes, and
// the number of threads.
#include <etch/kernels/loss.hpp>

#include "guarded.hpp"

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
