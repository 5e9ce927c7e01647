// Batch norm over cases drawn by lot against double arithmetic, within the bounds that
// batch_norm.hpp states for any input.
#include <etch/kernels/batch_norm.hpp>

#include <map>
#include <optional>
#include <sstream>
#include <string>

#include "../drawn.hpp"
#include "guarded.hpp"

using namespace etch;
using namespace etch::kernels;
using namespace guarded;
using drawn::pick;

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr double unit = 0x1p-24;  // half of the distance between floats, of 1

struct Case {
  std::size_t rows, channels, threads;
  float offset, spread, eps;
  std::size_t unlike;  // so many first rows lie elsewhere
  bool accumulate, in_place, tracked;
  Guarded x, dy;
  std::optional<Guarded> weight, bias;

  explicit Case(Generator& random) : x(0, 0), dy(0, 0) {
    switch (random.below(16)) {
      case 0:  // more than a block of channels
        rows = pick(random, 1, 40), channels = pick(random, 500, 1100);
        break;
      case 1:  // runs of runs of rows
        rows = pick(random, 1000, 3000), channels = pick(random, 1, 6);
        break;
      case 2:  // enough for several threads
        rows = pick(random, 500, 900), channels = pick(random, 60, 80);
        break;
      case 3:
        rows = pick(random, 1, 2), channels = drawn::size(random, 70);
        break;
      default:
        rows = pick(random, 1, 400), channels = drawn::size(random, 70);
    }
    constexpr float offsets[] = {0, 0, 0.5f, 10, -100, 1000};
    constexpr float spreads[] = {1, 1, 1, 1e-2f, 1e-4f, 1e-6f, 100};
    offset = offsets[random.below(std::size(offsets))];
    spread = spreads[random.below(std::size(spreads))];
    eps = random.below(3) == 0 ? 1e-3f : 1e-5f;
    threads = pick(random, 1, 4);
    unlike = random.below(4) == 0 ? pick(random, 1, 40) : 0;
    accumulate = random.below(2) == 0;
    in_place = random.below(3) == 0;
    tracked = random.below(4) != 0;
    x = random_values(rows * channels, random);
    dy = random_values(rows * channels, random);
    for (std::size_t i = 0; i < x.size(); ++i) {
      x.data()[i] = offset + spread * (x[i] + (i / channels < unlike ? 50.0f : 0.0f));
    }
    if (random.below(3) != 0) weight = random_values(channels, random);
    if (random.below(3) != 0) bias = random_values(channels, random);
  }

  float* weights() { return weight ? weight->data() : nullptr; }
  float* biases() { return bias ? bias->data() : nullptr; }
  std::string text() const {
    std::ostringstream text;
    text << rows << " rows of " << channels << ", threads " << threads << ", offset " << offset
         << ", spread " << spread << ", unlike " << unlike << ", eps " << eps << ", weight "
         << weight.has_value() << ", bias " << bias.has_value() << ", accumulate " << accumulate
         << ", in place " << in_place;
    return text.str();
  }
};

// What a channel's numbers are, and how far from them a float may be.
struct Channel {
  double mean = 0, var = 0, inv_std, most = 0, weight, bias;
  double sum_dy = 0, product = 0, size_dy = 0, size_product = 0;

  Channel(const Case& k, std::size_t c)
      : weight(k.weight ? double{(*k.weight)[c]} : 1.0), bias(k.bias ? double{(*k.bias)[c]} : 0.0) {
    const double n = static_cast<double>(k.rows);
    for (std::size_t i = c; i < k.x.size(); i += k.channels) {
      mean += k.x[i] / n;
      most = std::max(most, std::abs(double{k.x[i]}));
    }
    for (std::size_t i = c; i < k.x.size(); i += k.channels) var += std::pow(k.x[i] - mean, 2) / n;
    inv_std = 1 / std::sqrt(var + double{k.eps});
    for (std::size_t i = c; i < k.x.size(); i += k.channels) {
      const double p = k.dy[i] * hat(k.x[i]);
      sum_dy += k.dy[i];
      product += p;
      size_dy += std::abs(double{k.dy[i]});
      size_product += std::abs(p);
    }
  }
  double hat(double x) const { return (x - mean) * inv_std; }
  // Of hat: rounding a float of the size of x.
  double reach() const { return 1 + most * inv_std; }
};

void near(const char* what, double got, double want, double bound) {
  if (std::abs(got - want) <= bound) return;
  FAIL(what << ": " << got << " instead of " << want << ", off by " << std::abs(got - want) / bound
            << " times the bound");
}

struct Results {
  Guarded y, mean, inv_std, running_mean, running_var, dx, dweight, dbias;
};

Results run(Case& k, std::size_t threads) {
  const std::size_t n = k.x.size(), channels = k.channels;
  const float start = k.accumulate ? 0.5f : poison;
  Results r{k.in_place ? k.x : Guarded(n, poison),
            Guarded(channels, poison),
            Guarded(channels, poison),
            Guarded(channels, 0.25f),
            Guarded(channels, 1.5f),
            k.in_place ? k.dy : Guarded(n, poison),
            Guarded(channels, start),
            Guarded(channels, start)};
  batch_norm_forward({k.rows, channels, threads, k.eps, 0.25f, k.in_place ? r.y.data() : k.x.data(),
                      k.weights(), k.biases(), k.tracked ? r.running_mean.data() : nullptr,
                      k.tracked ? r.running_var.data() : nullptr, r.mean.data(), r.inv_std.data(),
                      r.y.data()});
  batch_norm_gradient({k.rows, channels, threads, k.x.data(),
                       k.in_place ? r.dx.data() : k.dy.data(), k.weights(), r.mean.data(),
                       r.inv_std.data(), r.dx.data(), r.dweight.data(), r.dbias.data(),
                       k.accumulate});
  for (const Guarded* g :
       {&r.y, &r.mean, &r.inv_std, &r.running_mean, &r.running_var, &r.dx, &r.dweight, &r.dbias}) {
    REQUIRE(g->intact());
  }
  return r;
}

void check(const Case& k, const Results& r, const std::vector<Channel>& all) {
  const double n = static_cast<double>(k.rows), start = k.accumulate ? 0.5 : 0;
  for (std::size_t c = 0; c < k.channels; ++c) {
    const Channel& h = all[c];
    const double scale = std::abs(h.weight) * h.inv_std;
    for (std::size_t i = c; i < k.x.size(); i += k.channels) {
      const double hat = h.hat(k.x[i]), centred = k.dy[i] - h.sum_dy / n;
      near("y", r.y[i], hat * h.weight + h.bias,
           16 * unit * (scale * h.most + std::abs(h.weight * hat) + std::abs(h.bias)));
      near("dx", r.dx[i], h.weight * h.inv_std * (centred - hat * h.product / n),
           16 * unit * scale * (std::abs(k.dy[i]) + h.size_dy / n) * h.reach() *
               std::pow(1 + std::abs(hat), 2));
    }
    near("dweight", r.dweight[c], start + h.product,
         16 * unit * (start + h.size_product + h.size_dy * h.reach()));
    near("dbias", r.dbias[c], start + h.sum_dy, 16 * unit * (start + h.size_dy));
    if (!k.tracked) continue;
    near("running_mean", r.running_mean[c], 0.25 + 0.25 * (h.mean - 0.25),
         16 * unit * (1 + h.most));
    const double var = h.var * n / std::max(n - 1, 1.0);
    near("running_var", r.running_var[c], 1.5 + 0.25 * (var - 1.5),
         32 * unit * (1.5 + var + double{k.eps}));
  }
}

bool equal(const Results& a, const Results& b) {
  return same_bits(a.y, b.y) && same_bits(a.mean, b.mean) && same_bits(a.inv_std, b.inv_std) &&
         same_bits(a.running_mean, b.running_mean) && same_bits(a.running_var, b.running_var) &&
         same_bits(a.dx, b.dx) && same_bits(a.dweight, b.dweight) && same_bits(a.dbias, b.dbias);
}

}  // namespace

TEST_CASE("batch norm and its gradient over cases drawn by lot") {
  std::map<std::string, unsigned> seen;
  drawn::for_each_case(150, [&](Generator& random, unsigned) {
    Case k(random);
    INFO(k.text());
    seen["several blocks"] += k.channels > 512;
    seen["runs of runs"] += k.rows > 1024;
    seen["several threads"] += k.x.size() > 32768 && k.threads > 1;
    seen["first rows unlike the others"] += k.unlike > 0;
    seen["one row"] += k.rows == 1;
    seen["two rows"] += k.rows == 2;
    std::vector<Channel> all;
    for (std::size_t c = 0; c < k.channels; ++c) all.emplace_back(k, c);
    for_each_target([&] {
      const Results r = run(k, k.threads);
      check(k, r, all);
      CHECK(equal(r, run(k, k.threads % 4 + 1)));
      Guarded again(k.x.size(), poison);
      batch_norm_apply({k.rows, k.channels, k.threads, k.x.data(), k.weights(), k.biases(),
                        const_cast<float*>(r.mean.data()), r.inv_std.data(), again.data()});
      CHECK(same_bits(r.y, again));
      REQUIRE(again.intact());
    });
  });
  for (const auto& [what, times] : seen) {
    INFO(what);
    CHECK(times > 0);
  }
}

TEST_CASE("batch norm in evaluation over cases drawn by lot") {
  drawn::for_each_case(150, [&](Generator& random, unsigned) {
    Case k(random);
    INFO(k.text());
    const std::size_t n = k.x.size();
    Guarded mean = random_values(k.channels, random), var = random_values(k.channels, random);
    for (std::size_t c = 0; c < k.channels; ++c) var.data()[c] = 0.01f + var[c] * var[c];
    for_each_target([&] {
      Guarded y = k.in_place ? k.x : Guarded(n, poison),
              dx = k.in_place ? k.dy : Guarded(n, poison);
      Guarded scale(k.channels, poison), shift(k.channels, poison);
      batch_norm_inference({k.rows, k.channels, k.threads, k.eps,
                            k.in_place ? y.data() : k.x.data(), k.weights(), k.biases(),
                            mean.data(), var.data(), y.data()});
      batch_norm_inference_gradient({k.rows, k.channels, k.threads, k.eps,
                                     k.in_place ? dx.data() : k.dy.data(), k.weights(), var.data(),
                                     dx.data()});
      batch_norm_fold({k.channels, k.eps, k.weights(), k.biases(), mean.data(), var.data(),
                       scale.data(), shift.data()});
      for (const Guarded* g : {&y, &dx, &scale, &shift}) REQUIRE(g->intact());
      for (std::size_t i = 0; i < n; ++i) {
        const std::size_t c = i % k.channels;
        const double s =
            (k.weight ? double{(*k.weight)[c]} : 1.0) / std::sqrt(double{var[c]} + double{k.eps});
        const double b = k.bias ? double{(*k.bias)[c]} : 0.0, v = (double{k.x[i]} - mean[c]) * s;
        near("y", y[i], v + b, 8 * unit * (std::abs(v) + std::abs(b)));
        near("dx", dx[i], k.dy[i] * s, 8 * unit * std::abs(k.dy[i] * s));
        near("scale", scale[c], s, 8 * unit * std::abs(s));
        near("shift", shift[c], b - mean[c] * s, 8 * unit * (std::abs(b) + std::abs(mean[c] * s)));
      }
    });
  });
}

TEST_CASE("batch norm: a NaN or an infinity reaches its whole channel, and no other") {
  drawn::for_each_case(60, [&](Generator& random, unsigned i) {
    Case k(random);
    k.tracked = true;
    const std::size_t at = random.below(k.x.size());
    constexpr float values[] = {poison, infinity, -infinity};
    k.x.data()[at] = values[i % 3];
    INFO(k.text());
    for_each_target([&] {
      const Results r = run(k, k.threads);
      for (std::size_t j = 0; j < k.x.size(); ++j) {
        const bool is_hit = j % k.channels == at % k.channels;
        if (std::isnan(r.y[j]) != is_hit || std::isnan(r.dx[j]) != is_hit) FAIL("at " << j);
      }
      for (std::size_t c = 0; c < k.channels; ++c) {
        const bool is_hit = c == at % k.channels;
        CHECK(std::isfinite(r.running_mean[c]) == !is_hit);
        CHECK(std::isnan(r.running_var[c]) == is_hit);
        CHECK(std::isnan(r.dweight[c]) == is_hit);
        CHECK(std::isfinite(r.dbias[c]));
      }
    });
  });
}
