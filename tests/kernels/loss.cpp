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
    INFO(rows << " rows of " << classes << ", smoothing " << smoothing << ", scale " << factor
              << ", special " << special << ", threads " << threads);

    std::vector<double> want(n);
    double loss = 0;
    const auto has_label = [&](std::size_t r) {
      return labels.data()[r] >= 0 && labels.data()[r] < static_cast<std::int32_t>(classes);
    };
    const double all = static_cast<double>(classes);
    double count = 0;
    for (std::size_t r = 0; r < rows; ++r) count += has_label(r);
    count = std::max(count, 1.0);
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
      for (std::size_t i = 0; i < classes; ++i) {
        smooth += log_sum - row[i];
        const double target = double{smoothing} / all + (i == label ? 1 - double{smoothing} : 0);
        want[r * classes + i] = factor / count * (std::exp(row[i] - log_sum) - target);
      }
      loss += (1 - double{smoothing}) * (log_sum - row[label]) / count;
      if (smoothing > 0) loss += double{smoothing} / all * smooth / count;
    }
    seen["rows without a label"] += unlabelled;
    seen["NaN"] += std::isnan(loss);
    seen["infinite"] += std::isinf(loss);
    seen["several threads"] += n > 32768 && threads > 1;
    for_each_target([&] {
      Guarded dx(n, poison), dx1(n, poison);
      const auto call = [&](std::size_t with, Guarded& to) {
        return cross_entropy({rows, classes, with, smoothing, factor, x.data(), labels.data(),
                              has_gradient ? to.data() : nullptr});
      };
      const float got = call(threads, dx);
      INFO(got << " instead of " << loss);
      CHECK(is_close(got, loss, 20));  // a difference of logits
      CHECK(is_close(call(1, dx1), got, 0));
      if (!has_gradient) return;
      check_each(dx, want, double{factor} / count);
      CHECK(same_bits(dx, dx1));
    });
  });
  CHECK(seen["NaN"] > 0);
  CHECK(seen["infinite"] > 0);
  CHECK(seen["several threads"] > 0);
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

TEST_CASE("mean squared error over cases drawn by lot") {
  drawn::for_each_case(150, [&](Generator& random, unsigned) {
    const std::size_t n =
        random.below(8) == 0 ? pick(random, 30'000, 70'000) : drawn::size(random, 300);
    const std::size_t threads = pick(random, 1, 4);
    const bool has_gradient = random.below(3) != 0, special = random.below(4) == 0;
    const float factor = random.below(2) == 0 ? 1.0f : 1024.0f;
    const Guarded target = random_values(n, random);
    Guarded output = random_values(n, random);
    constexpr float values[] = {poison, infinity, -infinity};
    if (special) output.data()[random.below(n)] = values[random.below(3)];
    INFO(n << " numbers, scale " << factor << ", special " << special << ", threads " << threads);
    double loss = 0;
    std::vector<double> want(n);
    for (std::size_t i = 0; i < n; ++i) {
      const double v = double{output[i]} - target[i];
      loss += v * v / static_cast<double>(n);
      want[i] = 2 * double{factor} * v / static_cast<double>(n);
    }
    for_each_target([&] {
      Guarded d(n, poison), d1(n, poison);
      const auto call = [&](std::size_t with, Guarded& to) {
        return mean_squared_error({n, with, factor, const_cast<float*>(output.data()),
                                   target.data(), has_gradient ? to.data() : nullptr});
      };
      const float got = call(threads, d);
      CHECK(is_close(got, loss, 0));
      CHECK(is_close(call(1, d1), got, 0));
      if (!has_gradient) return;
      check_each(d, want, double{factor} / static_cast<double>(n));
      CHECK(same_bits(d, d1));
    });
  });
}
