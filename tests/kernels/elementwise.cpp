#include <etch/kernels/elementwise.hpp>

#include "guarded.hpp"

using namespace etch;
using namespace etch::kernels;
using namespace guarded;

namespace {

constexpr std::size_t sizes[] = {1, 3, 7, 16, 33, 100, 1021, 40000};

double value_of(Function f, double x, double slope) {
  switch (f) {
    case Function::relu:
      return x > 0 ? x : 0;
    case Function::relu6:
      return x > 6 ? 6 : x > 0 ? x : 0;
    case Function::leaky_relu:
      return x > 0 ? x : slope * x;
    case Function::sigmoid:
      return 1 / (1 + std::exp(-x));
    case Function::tanh:
      return std::tanh(x);
  }
  return 0;
}
double slope_of(Function f, double y, double slope) {
  switch (f) {
    case Function::relu:
      return y > 0;
    case Function::relu6:
      return y > 0 && y < 6;
    case Function::leaky_relu:
      return y > 0 ? 1 : slope;
    case Function::sigmoid:
      return y * (1 - y);
    case Function::tanh:
      return 1 - y * y;
  }
  return 0;
}

}  // namespace

TEST_CASE("activations equal their formulas") {
  for_each_target([] {
    Generator random{1};
    for (const Function f : {Function::relu, Function::relu6, Function::leaky_relu,
                             Function::sigmoid, Function::tanh}) {
      for (const std::size_t n : sizes) {
        Guarded x = random_values(n, random), dy = random_values(n, random);
        for (std::size_t i = 0; i < n; ++i) x.data()[i] *= i % 5 == 0 ? 100.0f : 4.0f;
        Guarded y(n, poison), dx(n, poison), dx3(n, poison);
        activation({f, 0.1f, n, 1, x.data(), y.data()});
        std::vector<double> want(n), want_dx(n);
        for (std::size_t i = 0; i < n; ++i) want[i] = value_of(f, x[i], 0.1f);
        check_close(y, want);
        activation_gradient({f, 0.1f, n, 1, y.data(), dy.data(), dx.data()});
        activation_gradient({f, 0.1f, n, 3, y.data(), dy.data(), dx3.data()});
        for (std::size_t i = 0; i < n; ++i) want_dx[i] = dy[i] * slope_of(f, y[i], 0.1f);
        check_close(dx, want_dx);
        CHECK(same_bits(dx, dx3));
        activation({f, 0.1f, n, 3, x.data(), x.data()});  // in place
        CHECK(same_bits(x, y));
      }
    }
  });
}

TEST_CASE("add") {
  for_each_target([] {
    Generator random{2};
    for (const std::size_t n : sizes) {
      Guarded a = random_values(n, random), b = random_values(n, random), y(n, poison);
      add({n, 2, a.data(), b.data(), y.data()});
      std::vector<double> want(n);
      for (std::size_t i = 0; i < n; ++i) want[i] = a[i] + b[i];
      check_close(y, want);
    }
  });
}

TEST_CASE("softmax and its gradient") {
  for_each_target([] {
    Generator random{3};
    for (const std::size_t columns : {1u, 2u, 10u, 37u, 1000u}) {
      const std::size_t rows = 23, n = rows * columns;
      Guarded x = random_values(n, random), dy = random_values(n, random);
      for (std::size_t i = 0; i < n; ++i) x.data()[i] *= 30;
      Guarded y(n, poison), dx(n, poison);
      softmax({rows, columns, 2, x.data(), y.data()});
      std::vector<double> want(n), want_dx(n);
      for (std::size_t r = 0; r < rows; ++r) {
        double sum = 0, dot = 0;
        for (std::size_t i = 0; i < columns; ++i) sum += std::exp(double{x[r * columns + i]});
        for (std::size_t i = 0; i < columns; ++i) {
          want[r * columns + i] = std::exp(double{x[r * columns + i]}) / sum;
          dot += want[r * columns + i] * dy[r * columns + i];
        }
        for (std::size_t i = r * columns; i < (r + 1) * columns; ++i) {
          want_dx[i] = want[i] * (dy[i] - dot);
        }
      }
      check_close(y, want);
      softmax_gradient({rows, columns, 2, y.data(), dy.data(), dx.data()});
      check_close(dx, want_dx);
    }
  });
}

TEST_CASE("dropout keeps a share of 1 - p, the same elements on every target") {
  const std::size_t n = 50000;
  std::vector<float> first;
  for_each_target([&] {
    Guarded x(n, 1.0f), y(n, poison), again(n, poison);
    dropout({0.3f, 77, n, 1, x.data(), y.data()});
    dropout({0.3f, 77, n, 3, x.data(), again.data()});
    CHECK(y.intact());
    CHECK(same_bits(y, again));
    std::size_t kept = 0;
    for (std::size_t i = 0; i < n; ++i) {
      REQUIRE((y[i] == 0 || y[i] == Approx(1 / 0.7)));
      kept += y[i] != 0;
    }
    CHECK(static_cast<double>(kept) / n == Approx(0.7).margin(0.01));
    if (first.empty()) first.assign(y.data(), y.data() + n);
    CHECK(std::equal(first.begin(), first.end(), y.data()));
    Guarded other(n, poison);
    dropout({0.3f, 78, n, 1, x.data(), other.data()});
    CHECK_FALSE(same_bits(y, other));
    dropout({1.0f, 78, n, 1, x.data(), other.data()});
    CHECK(other[5] == 0);
    dropout({0.0f, 78, n, 1, x.data(), other.data()});
    CHECK(same_bits(other, x));
  });
}
