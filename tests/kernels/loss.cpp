// Losses over cases drawn by lot against double arithmetic. Values stand beside LibTorch in
// tests/parity.
#include <etch/kernels/loss.hpp>

#include <algorithm>
#include <map>
#include <string>

#include "../drawn.hpp"
#include "guarded.hpp"

using namespace etch;
using namespace etch::kernels;
using namespace guarded;
using drawn::pick;

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

// Labels between unreadable pages.
class Labels {
 public:
  Labels(std::size_t size, std::size_t classes, bool unlabelled, Generator& random)
      : pages_(size * sizeof(std::int32_t)),
        labels_(reinterpret_cast<std::int32_t*>(pages_.at(Pages::next_side()))) {
    for (std::size_t i = 0; i < size; ++i) {
      labels_[i] = static_cast<std::int32_t>(random.below(classes));
      if (unlabelled && random.below(3) == 0) {
        labels_[i] = random.below(2) == 0 ? -100 : static_cast<std::int32_t>(classes);
      }
    }
  }
  const std::int32_t* data() const { return labels_; }

 private:
  Pages pages_;
  std::int32_t* labels_;
};

bool is_close(double got, double want, double terms) {
  if (std::isnan(want)) return std::isnan(got);
  if (std::isinf(want)) return got == want;
  return std::abs(got - want) <= 1e-6 * terms + 1e-5 * std::abs(want);
}
// Weights, some of which are 0.
Guarded draw_weights(std::size_t size, Generator& random) {
  Guarded weights(size, 0);
  for (std::size_t i = 0; i < size; ++i) {
    if (random.below(6) != 0) weights.data()[i] = 2 * (random.uniform() + 1);
  }
  return weights;
}
// `terms` is the size of what is added up.
void check_each(const Guarded& got, const std::vector<double>& want, double terms) {
  REQUIRE(got.intact());
  for (std::size_t i = 0; i < want.size(); ++i) {
    if (!is_close(got[i], want[i], terms)) {
      FAIL("at " << i << " of " << want.size() << ": " << got[i] << " instead of " << want[i]);
    }
  }
}

}  // namespace

TEST_CASE("cross entropy over cases drawn by lot, as PyTorch defines it") {
  std::map<std::string, unsigned> seen;
  drawn::for_each_case(250, [&](Generator& random, unsigned) {
    const std::size_t classes =
        random.below(10) == 0 ? pick(random, 200, 1000) : drawn::size(random, 70);
    const std::size_t rows = random.below(10) == 0 ? pick(random, 500, 700) : pick(random, 1, 20);
    const std::size_t n = rows * classes, threads = pick(random, 1, 4);
    constexpr float smoothings[] = {0, 0, 0.1f, 0.25f, 1};
    const float smoothing = smoothings[random.below(5)];
    const bool has_gradient = random.below(3) != 0, special = random.below(3) == 0;
    constexpr float factors[] = {1, 0.5f, 1024};
    const float factor = factors[random.below(3)], offset = random.below(2) == 0 ? 0.0f : 500.0f;
    Guarded x = random_values(n, random);
    for (std::size_t i = 0; i < n; ++i) x.data()[i] = offset + 20 * x[i];
    if (special) {
      constexpr float values[] = {poison, infinity, -infinity, -infinity};
      x.data()[random.below(n)] = values[random.below(4)];
    }
    const bool unlabelled = random.below(4) == 0;
    const Labels labels(rows, classes, unlabelled, random);
    // Weights, a class that is no label, or both; without them the plain kernel.
    const bool weighted = random.below(2) == 0, ignoring = random.below(3) == 0;
    const Guarded weight = draw_weights(weighted ? classes : 1, random);
    const auto weight_of = [&](std::size_t i) { return weighted ? double{weight[i]} : 1.0; };
    const std::int32_t ignored = ignoring ? static_cast<std::int32_t>(random.below(classes)) : -100;
    INFO(rows << " rows of " << classes << ", smoothing " << smoothing << ", scale " << factor
              << ", special " << special << ", threads " << threads << ", weighted " << weighted
              << ", ignored " << ignored);

    std::vector<double> want(n);
    double loss = 0;
    const auto has_label = [&](std::size_t r) {
      const std::int32_t label = labels.data()[r];
      return label != ignored && label >= 0 && label < static_cast<std::int32_t>(classes);
    };
    const double all = static_cast<double>(classes);
    double count = 0, weights = 0;
    for (std::size_t r = 0; r < rows; ++r) {
      if (has_label(r)) count += weight_of(static_cast<std::size_t>(labels.data()[r]));
    }
    for (std::size_t i = 0; i < classes; ++i) weights += weight_of(i);
    if (count == 0) count = HUGE_VAL;  // then all is 0
    for (std::size_t r = 0; r < rows; ++r) {
      if (!has_label(r)) continue;
      const float* row = x.data() + r * classes;
      const auto label = static_cast<std::size_t>(labels.data()[r]);
      double most = -HUGE_VAL, sum = 0, smooth = 0;
      for (std::size_t i = 0; i < classes; ++i) {
        if (row[i] > most || std::isnan(row[i])) most = row[i];
      }
      for (std::size_t i = 0; i < classes; ++i) sum += std::exp(row[i] - most);
      const double log_sum = most + std::log(sum);
      const double at_label = (1 - double{smoothing}) * weight_of(label);
      for (std::size_t i = 0; i < classes; ++i) {
        smooth += weight_of(i) * (log_sum - row[i]);
        const double target = double{smoothing} / all * weight_of(i) + (i == label ? at_label : 0);
        const double targets = at_label + double{smoothing} / all * weights;
        want[r * classes + i] = factor / count * (targets * std::exp(row[i] - log_sum) - target);
      }
      loss += at_label * (log_sum - row[label]) / count;
      if (smoothing > 0) loss += double{smoothing} / all * smooth / count;
    }
    seen["rows without a label"] += unlabelled;
    seen["NaN"] += std::isnan(loss);
    seen["infinite"] += std::isinf(loss);
    seen["several threads"] += n > 32768 && threads > 1;
    seen["weights"] += weighted;
    seen["an ignored class"] += ignoring;
    for_each_target([&] {
      Guarded dx(n, poison), dx1(n, poison);
      const auto call = [&](std::size_t with, Guarded& to) {
        const CrossEntropy plain{
            rows,   classes,  with,          smoothing,
            factor, x.data(), labels.data(), has_gradient ? to.data() : nullptr};
        if (!weighted && !ignoring) return cross_entropy(plain);
        return weighted_cross_entropy({plain, weighted ? weight.data() : nullptr, ignored});
      };
      const float got = call(threads, dx);
      INFO(got << " instead of " << loss);
      CHECK(is_close(got, loss, 20));  // a difference of logits
      CHECK(is_close(call(1, dx1), got, 0));
      if (!has_gradient) return;
      check_each(dx, want, double{factor} / std::min(count, all));
      CHECK(same_bits(dx, dx1));
    });
  });
  CHECK(seen["NaN"] > 0);
  CHECK(seen["infinite"] > 0);
  CHECK(seen["several threads"] > 0);
  CHECK(seen["weights"] > 0);
  CHECK(seen["an ignored class"] > 0);
}

TEST_CASE("weights of 1 and no ignored class are the plain cross entropy") {
  drawn::for_each_case(20, [](Generator& random, unsigned) {
    const std::size_t classes = drawn::size(random, 70), rows = pick(random, 1, 20);
    const float smoothing = random.below(2) == 0 ? 0.0f : 0.1f;
    const Guarded x = random_values(rows * classes, random), ones(classes, 1.0f);
    const Labels labels(rows, classes, true, random);
    for_each_target([&] {
      Guarded dx(x.size(), poison), weighted_dx(x.size(), poison);
      CrossEntropy plain{rows, classes, 1, smoothing, 1, x.data(), labels.data(), dx.data()};
      const float loss = cross_entropy(plain);
      plain.dlogits = weighted_dx.data();
      CHECK(weighted_cross_entropy({plain, nullptr, -100}) == Approx(loss).epsilon(1e-6));
      CHECK(weighted_cross_entropy({plain, ones.data(), -100}) == Approx(loss).epsilon(1e-6));
      check_each(weighted_dx, {dx.data(), dx.data() + dx.size()}, 1e-1);
    });
  });
}

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

namespace {

// An element's loss and its derivative, in double, by PyTorch's formula.
struct Element {
  double loss, gradient;
};

// Compares a kernel that takes a Comparison with formula(x, t, i), the mean over all elements; adds
// up what was seen. Outputs are drawn of size `spread`, and targets by draw_target.
template <class Kernel, class Formula, class DrawTarget>
void compare_elements(Generator& random, std::size_t n, float spread, const Kernel& kernel,
                      const Formula& formula, const DrawTarget& draw_target) {
  const std::size_t threads = pick(random, 1, 4);
  const bool has_gradient = random.below(3) != 0, special = random.below(4) == 0;
  const float factor = random.below(2) == 0 ? 1.0f : 1024.0f;
  Guarded output = random_values(n, random), target(n, 0);
  for (std::size_t i = 0; i < n; ++i) {
    output.data()[i] *= spread;
    target.data()[i] = draw_target();
    if (random.below(8) == 0) output.data()[i] = target[i];
  }
  constexpr float values[] = {poison, infinity, -infinity};
  if (special) output.data()[random.below(n)] = values[random.below(3)];
  INFO(n << " numbers, scale " << factor << ", special " << special << ", threads " << threads);
  const double size = static_cast<double>(n);
  double loss = 0, terms = 0;
  std::vector<double> want(n);
  for (std::size_t i = 0; i < n; ++i) {
    const Element e = formula(double{output[i]}, double{target[i]}, i);
    loss += e.loss / size;
    if (std::isfinite(e.loss)) terms += std::abs(e.loss) / size;
    want[i] = double{factor} / size * e.gradient;
  }
  for_each_target([&] {
    Guarded d(n, poison), d1(n, poison);
    const auto call = [&](std::size_t with, Guarded& to) {
      return kernel(Comparison{n, with, factor, output.data(), target.data(),
                               has_gradient ? to.data() : nullptr});
    };
    const float got = call(threads, d);
    INFO(got << " instead of " << loss);
    CHECK(is_close(got, loss, terms));
    CHECK(is_close(call(1, d1), got, 0));
    if (!has_gradient) return;
    check_each(d, want, double{factor} / size);
    CHECK(same_bits(d, d1));
  });
}

std::size_t draw_size(Generator& random) {
  return random.below(8) == 0 ? pick(random, 30'000, 70'000) : drawn::size(random, 300);
}

Element squared(double v) { return {v * v, 2 * v}; }
Element absolute(double v) { return {std::abs(v), v > 0 ? 1.0 : v < 0 ? -1.0 : 0.0}; }
Element huber_of(double v, double delta) {
  if (std::abs(v) <= delta) return {v * v / 2, v};
  return {delta * (std::abs(v) - delta / 2), std::isnan(v) ? v : std::copysign(delta, v)};
}
// As PyTorch 1.13 has it, where an infinite logit may make NaN.
Element binary_cross_entropy_of(double x, double t, double p) {
  const double both = 1 + (p - 1) * t,
               softplus = std::max(-x, 0.0) + std::log1p(std::exp(-std::abs(x)));
  return {(1 - t) * x + both * softplus, both / (1 + std::exp(-x)) - p * t};
}

}  // namespace

TEST_CASE("losses of differences over cases drawn by lot, as PyTorch defines them") {
  drawn::for_each_case(150, [&](Generator& random, unsigned i) {
    const std::size_t n = draw_size(random);
    const float beta = random.below(3) == 0 ? 1.0f : (random.uniform() + 1) / 2 + 1e-3f;
    const auto draw_target = [&] { return random.uniform(); };
    const auto of = [](const auto& formula) {
      return [formula](double x, double t, std::size_t) { return formula(x - t); };
    };
    INFO("case " << i % 4 << ", beta " << beta);
    switch (i % 4) {
      case 0:
        return compare_elements(
            random, n, 1, [](const Comparison& c) { return mean_squared_error(c); }, of(squared),
            draw_target);
      case 1:
        return compare_elements(
            random, n, 1, [](const Comparison& c) { return mean_absolute_error(c); }, of(absolute),
            draw_target);
      case 2:
        return compare_elements(
            random, n, 1,
            [&](const Comparison& c) {
              return huber({c, beta, 1});
            },
            of([&](double v) { return huber_of(v, double{beta}); }), draw_target);
      default:  // SmoothL1Loss
        return compare_elements(
            random, n, 1,
            [&](const Comparison& c) {
              return huber({c, beta, 1 / beta});
            },
            of([&](double v) {
              const Element e = huber_of(v, double{beta});
              return Element{e.loss / double{beta}, e.gradient / double{beta}};
            }),
            draw_target);
    }
  });
}

TEST_CASE("binary cross entropy over cases drawn by lot, as PyTorch defines it") {
  drawn::for_each_case(100, [&](Generator& random, unsigned) {
    const std::size_t channels = random.below(3) == 0 ? 1 : drawn::size(random, 40);
    const std::size_t n = (draw_size(random) + channels - 1) / channels * channels;
    const bool weighted = random.below(2) == 0, soft = random.below(3) == 0;
    const Guarded weight = draw_weights(weighted ? channels : 1, random);
    INFO(channels << " channels, weighted " << weighted << ", soft " << soft);
    compare_elements(
        random, n, random.below(2) == 0 ? 4.0f : 90.0f,
        [&](const Comparison& c) {
          return binary_cross_entropy({c, weighted ? weight.data() : nullptr, channels});
        },
        [&](double x, double t, std::size_t i) {
          return binary_cross_entropy_of(x, t, weighted ? double{weight[i % channels]} : 1);
        },
        [&] { return soft ? (random.uniform() + 1) / 2 : static_cast<float>(random.below(2)); });
  });
}
