// Activations, sums, dropout and softmax over cases drawn by lot against their formulas in double,
// and at NaN, infinities, zeros of both signs and subnormal numbers against PyTorch's values.
#include <etch/kernels/elementwise.hpp>

#include <bit>
#include <map>

#include "../drawn.hpp"
#include "guarded.hpp"

using namespace etch;
using namespace etch::kernels;
using namespace guarded;
using drawn::pick;

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr Function functions[] = {Function::relu,      Function::relu6,       Function::leaky_relu,
                                  Function::sigmoid,   Function::tanh,        Function::hardtanh,
                                  Function::elu,       Function::hardsigmoid, Function::silu,
                                  Function::hardswish, Function::gelu,        Function::gelu_tanh};

double sigmoid_of(double x) { return 1 / (1 + std::exp(-x)); }
double normal_of(double x) { return std::erfc(-x / std::sqrt(2.0)) / 2; }
const double two_over_pi = std::sqrt(2 / std::acos(-1.0));
double hardsigmoid_of(double x) { return (x < -3 ? 0 : x > 3 ? 6 : x + 3) / 6; }

// torch.nn.functional's forward, and its backward from the output or the input; comparisons with
// NaN are false.
double value_of(Function f, double x, double slope, double high = 0) {
  switch (f) {
    case Function::hardtanh:
      return x < slope ? slope : x > high ? high : x;
    case Function::elu:
      return x <= 0 ? slope * std::expm1(x) : x;
    case Function::hardsigmoid:
      return hardsigmoid_of(x);
    case Function::hardswish:
      return x * hardsigmoid_of(x);
    case Function::silu:
      return x * sigmoid_of(x);
    case Function::gelu:
      return x * normal_of(x);
    case Function::gelu_tanh:
      return x * sigmoid_of(2 * two_over_pi * (x + 0.044715 * x * x * x));
    case Function::relu:
      return x < 0 ? 0 : x;
    case Function::relu6:
      return x < 0 ? 0 : x > 6 ? 6 : x;
    case Function::leaky_relu:
      return x > 0 ? x : slope * x;
    case Function::sigmoid:
      return 1 / (1 + std::exp(-x));
    case Function::tanh:
      return std::tanh(x);
  }
  return 0;
}
double gradient_of(Function f, double y, double dy, double slope, double high = 0) {
  const double x = y, sigmoid = sigmoid_of(x);
  switch (f) {
    case Function::hardtanh:
      return y <= slope || y >= high ? 0 : dy;
    case Function::elu:
      return y <= 0 ? dy * (y + slope) : dy;
    case Function::hardsigmoid:
      return y <= 0 || y >= 1 ? 0 : dy / 6;
    case Function::hardswish:
      return dy * (x < -3 ? 0 : x > 3 ? 1 : x / 3 + 0.5);
    case Function::silu:
      return dy * (sigmoid * (1 + x * (1 - sigmoid)));
    case Function::gelu:
      return dy * (normal_of(x) + x * std::exp(-x * x / 2) * two_over_pi / 2);
    case Function::gelu_tanh: {
      const double s = sigmoid_of(2 * two_over_pi * (x + 0.044715 * x * x * x));
      return dy * (s + x * s * (1 - s) * 2 * two_over_pi * (1 + 3 * 0.044715 * x * x));
    }
    case Function::relu:
      return y <= 0 ? 0 : dy;
    case Function::relu6:
      return y <= 0 || y >= 6 ? 0 : dy;
    case Function::leaky_relu:
      return y > 0 ? dy : dy * slope;
    case Function::sigmoid:
      return dy * (1 - y) * y;
    case Function::tanh:
      return dy * (1 - y * y);
  }
  return 0;
}

// Mostly short, at times enough for several threads.
std::size_t draw_size(Generator& random) {
  return random.below(20) == 0 ? pick(random, 32'000, 70'000) : drawn::size(random, 300);
}

// Some of them special.
Guarded draw_values(std::size_t size, float scale, bool special, Generator& random) {
  constexpr float values[] = {poison, infinity, -infinity, 0.0f, -0.0f,
                              1e-40f, -1e-40f,  6.0f,      1e30f};
  Guarded x = random_values(size, random);
  for (std::size_t i = 0; i < size; ++i) {
    x.data()[i] *= scale;
    if (special && random.below(8) == 0) x.data()[i] = values[random.below(std::size(values))];
  }
  return x;
}

// `terms` is the size of what a difference was made of.
bool is_close(double got, double want, double terms) {
  if (std::isnan(want)) return std::isnan(got);
  if (std::isinf(want) || std::abs(want) > double{std::numeric_limits<float>::max()}) {
    return std::isinf(got) && (got > 0) == (want > 0);
  }
  return std::abs(got - want) <= 1e-6 * terms + 1e-5 * std::abs(want);
}
template <class Want>
void check_each(const char* what, const Guarded& got, const Want& want,
                const Guarded* terms = nullptr) {
  INFO(what);
  REQUIRE(got.intact());
  for (std::size_t i = 0; i < got.size(); ++i) {
    const double size = terms != nullptr ? std::abs(double{(*terms)[i]}) : 0;
    if (!is_close(got[i], want(i), std::isfinite(size) ? std::max(size, 1.0) : 1.0)) {
      FAIL("at " << i << " of " << got.size() << ": " << got[i] << " instead of " << want(i));
    }
  }
}

}  // namespace

TEST_CASE("activations and their gradients over cases drawn by lot") {
  drawn::for_each_case(300, [&](Generator& random, unsigned i) {
    const Function f = functions[i % std::size(functions)];
    const std::size_t n = draw_size(random), threads = pick(random, 1, 4);
    const bool in_place = random.below(2) == 0, special = random.below(2) == 0;
    const bool is_hardtanh = f == Function::hardtanh;
    const float slope = is_hardtanh ? -1.5f : random.below(2) == 0 ? 0.01f : 0.3f;
    const float high = is_hardtanh ? (random.below(2) == 0 ? 1.25f : -0.5f) : 0;
    constexpr float scales[] = {1e-3f, 1, 4, 100};
    const Guarded x = draw_values(n, scales[random.below(4)], special, random);
    // A slope that is too small for a float is 0, and 0 times infinity no number.
    const Guarded dy = draw_values(n, 1, special && !needs_input(f), random);
    INFO("function " << static_cast<int>(f) << ", " << n << " numbers, threads " << threads
                     << ", in place " << in_place << ", special " << special);
    for_each_target([&] {
      Guarded from = x, back = dy, y(n, poison), dx(n, poison), y1(n, poison), dx1(n, poison);
      Guarded &to = in_place ? from : y, &down = in_place ? back : dx;
      activation({f, slope, n, 1, from.data(), y1.data(), high});
      activation({f, slope, n, threads, from.data(), to.data(), high});
      check_each("y", to, [&](std::size_t k) { return value_of(f, x[k], slope, high); });
      CHECK(same_bits(to, y1));
      const Guarded& of = needs_input(f) ? x : to;
      activation_gradient({f, slope, n, 1, of.data(), back.data(), dx1.data(), high});
      activation_gradient({f, slope, n, threads, of.data(), back.data(), down.data(), high});
      check_each(
          "dx", down, [&](std::size_t k) { return gradient_of(f, of[k], dy[k], slope, high); },
          &dy);
      CHECK(same_bits(down, dx1));
    });
  });
}

TEST_CASE("activations keep the sign of zero and subnormal numbers") {
  constexpr float x[] = {-0.0f, 0.0f, 1e-40f, -1e-40f};
  for_each_target([&] {
    for (const Function f : {Function::relu, Function::relu6, Function::leaky_relu}) {
      for (std::size_t n = 1; n <= 35; ++n) {
        Guarded from(n, 0), y(n, poison);
        for (std::size_t i = 0; i < n; ++i) from.data()[i] = x[i % 4];
        activation({f, 0.5f, n, 1, from.data(), y.data()});
        for (std::size_t i = 0; i < n; ++i) {
          const float want = static_cast<float>(value_of(f, x[i % 4], 0.5));
          // NEON of 32-bit ARM computes with subnormal numbers as with zeros of their sign.
          if (HWY_ARCH_ARM_V7 && y[i] == std::copysign(0.0f, want) &&
              std::signbit(y[i]) == std::signbit(want)) {
            continue;
          }
          REQUIRE(std::bit_cast<std::uint32_t>(y[i]) == std::bit_cast<std::uint32_t>(want));
        }
      }
    }
  });
}

TEST_CASE("activations are as exact as their header says") {
  // z, that e is raised to -z, whose rounding is relative to its size; of gelu_tanh four times
  // that.
  const auto exponent = [](Function f, double x) {
    if (x > 0) return 0.0;
    if (f == Function::gelu) return x * x / 2;
    return f == Function::gelu_tanh ? -8 * two_over_pi * (x + 0.044715 * x * x * x) : -x;
  };
  Guarded x(20'001, 0), y(x.size(), 0);
  for (std::size_t i = 0; i < x.size(); ++i) {
    x.data()[i] = (static_cast<float>(i) - 10'000) * (12.0f / 10'000);
  }
  for_each_target([&] {
    for (const Function f :
         {Function::sigmoid, Function::elu, Function::silu, Function::gelu, Function::gelu_tanh}) {
      activation({f, 1, x.size(), 1, x.data(), y.data()});
      double worst = 0;
      for (std::size_t i = 0; i < x.size(); ++i) {
        const double want = value_of(f, x[i], 1), size = std::abs(want);
        if (size < 1e-36) continue;
        worst = std::max(worst, std::abs(y[i] - want) / size / (8 + exponent(f, x[i])));
      }
      INFO("function " << static_cast<int>(f));
      CHECK(worst <= 0x1p-24);
    }
  });
}

TEST_CASE("add over cases drawn by lot") {
  drawn::for_each_case(100, [&](Generator& random, unsigned) {
    const std::size_t n = draw_size(random), threads = pick(random, 1, 4), in = random.below(3);
    const Guarded a = draw_values(n, 1, true, random), b = draw_values(n, 1, true, random);
    for_each_target([&] {
      Guarded left = a, right = b, other(n, poison);
      Guarded& y = in == 0 ? other : in == 1 ? left : right;
      add({n, threads, left.data(), right.data(), y.data()});
      check_each("sum", y, [&](std::size_t i) { return double{a[i]} + double{b[i]}; });
    });
  });
}

TEST_CASE("softmax, its logarithm and their gradients over cases drawn by lot") {
  std::map<std::string, unsigned> seen;
  drawn::for_each_case(150, [&](Generator& random, unsigned) {
    const bool wide = random.below(10) == 0, special = random.below(3) == 0;
    const std::size_t columns = wide ? pick(random, 500, 3000) : drawn::size(random, 70);
    const std::size_t rows = random.below(10) == 0 ? pick(random, 500, 900) : pick(random, 1, 20);
    const std::size_t n = wide ? columns * pick(random, 1, 20) : columns * rows;
    const std::size_t threads = pick(random, 1, 4);
    const bool in_place = random.below(2) == 0;
    const Guarded dy = random_values(n, random);
    Guarded x = random_values(n, random);
    for (std::size_t i = 0; i < n; ++i) x.data()[i] *= 30;
    if (special) {
      constexpr float values[] = {poison, infinity, -infinity, -infinity, -infinity};
      for (std::size_t k = 0; k < 3; ++k) x.data()[random.below(n)] = values[random.below(5)];
    }
    if (columns <= 3 && special) std::fill_n(x.data(), columns, -infinity);
    INFO(n / columns << " rows of " << columns << ", threads " << threads << ", in place "
                     << in_place << ", special " << special);
    std::vector<double> want(n), want_dx(n), want_log(n), want_log_dx(n);
    Guarded terms(n, 0);  // of the sum of dy
    for (std::size_t row = 0; row < n; row += columns) {
      double most = -HUGE_VAL, sum = 0, dot = 0, down = 0, sizes = 0;
      for (std::size_t i = row; i < row + columns; ++i) {
        if (x[i] > most || std::isnan(x[i])) most = x[i];
      }
      for (std::size_t i = row; i < row + columns; ++i) sum += std::exp(x[i] - most);
      for (std::size_t i = row; i < row + columns; ++i) {
        want[i] = std::exp(x[i] - most) / sum;
        dot += want[i] * dy[i];
        want_log[i] = x[i] - most - std::log(sum);
        down += dy[i];
        sizes += std::abs(double{dy[i]});
      }
      for (std::size_t i = row; i < row + columns; ++i) {
        want_dx[i] = want[i] * (dy[i] - dot);
        want_log_dx[i] = dy[i] - std::exp(want_log[i]) * down;
        terms.data()[i] = static_cast<float>(std::exp(want_log[i]) * sizes);
      }
    }
    seen["several threads"] += n > 32768 && threads > 1;
    seen["rows of NaN"] += std::isnan(want[0]);
    for_each_target([&] {
      Guarded from = x, back = dy, y(n, poison), dx(n, poison), y1(n, poison), dx1(n, poison);
      Guarded &to = in_place ? from : y, &down = in_place ? back : dx;
      softmax({n / columns, columns, 1, from.data(), y1.data()});
      softmax({n / columns, columns, threads, from.data(), to.data()});
      check_each("y", to, [&](std::size_t i) { return want[i]; });
      CHECK(same_bits(to, y1));
      softmax_gradient({n / columns, columns, 1, to.data(), back.data(), dx1.data()});
      softmax_gradient({n / columns, columns, threads, to.data(), back.data(), down.data()});
      check_each("dx", down, [&](std::size_t i) { return want_dx[i]; });
      CHECK(same_bits(down, dx1));
    });
    for_each_target([&] {
      Guarded from = x, back = dy, y(n, poison), dx(n, poison), y1(n, poison), dx1(n, poison);
      Guarded &to = in_place ? from : y, &down = in_place ? back : dx;
      log_softmax({n / columns, columns, 1, from.data(), y1.data()});
      log_softmax({n / columns, columns, threads, from.data(), to.data()});
      check_each("log y", to, [&](std::size_t i) { return want_log[i]; });
      CHECK(same_bits(to, y1));
      log_softmax_gradient({n / columns, columns, 1, to.data(), back.data(), dx1.data()});
      log_softmax_gradient({n / columns, columns, threads, to.data(), back.data(), down.data()});
      check_each(
          "log dx", down, [&](std::size_t i) { return want_log_dx[i]; }, &terms);
      CHECK(same_bits(down, dx1));
    });
  });
  CHECK(seen["several threads"] > 0);
  CHECK(seen["rows of NaN"] > 0);
}

namespace {

// Whether dropout drops the i-th element, i < 2^32: as kernels/elementwise-inl.hpp says.
bool is_dropped(float p, std::uint64_t key, std::size_t i) {
  const auto scramble = [](std::uint32_t h) {
    h = (h ^ (h >> 16)) * 0x21F0AAADu;
    h = (h ^ (h >> 15)) * 0x735A2D97u;
    return h ^ (h >> 15);
  };
  const std::uint64_t k = spread_bits(key);
  const std::uint32_t h = scramble(static_cast<std::uint32_t>(i) ^ static_cast<std::uint32_t>(k));
  const double drawn = scramble(h ^ static_cast<std::uint32_t>(k >> 32)) >> 8;
  return drawn < std::floor(double{p} * 0x1p24);
}

}  // namespace

TEST_CASE("dropout over cases drawn by lot: the same elements on every target") {
  drawn::for_each_case(100, [&](Generator& random, unsigned) {
    const std::size_t n = draw_size(random), threads = pick(random, 1, 4);
    constexpr float shares[] = {0, 0.1f, 0.3f, 0.5f, 0.9f, 1};
    const float p = shares[random.below(std::size(shares))];
    const std::uint64_t key = random.bits();
    const bool in_place = random.below(2) == 0;
    const Guarded x = draw_values(n, 1, true, random);
    INFO(n << " numbers, p " << p << ", key " << key << ", threads " << threads);
    const double factor = p < 1 ? 1 / (1 - double{p}) : 0;
    for_each_target([&] {
      Guarded from = x, other(n, poison);
      Guarded& y = in_place ? from : other;
      dropout({p, key, n, threads, from.data(), y.data()});
      check_each("y", y,
                 [&](std::size_t i) { return x[i] * (is_dropped(p, key, i) ? 0 : factor); });
    });
  });
}

TEST_CASE("dropout keeps a share of 1 - p, and other elements for another key") {
  const std::size_t n = 50000;
  for_each_target([&] {
    Guarded x(n, 1.0f), y(n, poison), other(n, poison);
    dropout({0.3f, 77, n, 1, x.data(), y.data()});
    std::size_t kept = 0;
    for (std::size_t i = 0; i < n; ++i) kept += y[i] != 0;
    CHECK(static_cast<double>(kept) / n == Approx(0.7).margin(0.01));
    dropout({0.3f, 78, n, 1, x.data(), other.data()});
    CHECK_FALSE(same_bits(y, other));
  });
}
