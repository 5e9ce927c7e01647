// Optimizer steps over cases drawn by lot against double arithmetic. Values stand beside LibTorch
// in tests/parity.
#include <etch/kernels/optimizer.hpp>
#include <etch/optimizers/adabound.hpp>

#include <algorithm>
#include <utility>

#include "../drawn.hpp"
#include "guarded.hpp"

using namespace etch;
using namespace etch::kernels;
using namespace guarded;
using drawn::pick;

namespace {

std::size_t draw_size(Generator& random) {
  return random.below(20) == 0 ? pick(random, 32'000, 70'000) : drawn::size(random, 300);
}
float draw_one_of(Generator& random, std::initializer_list<float> values) {
  return values.begin()[random.below(values.size())];
}

// Parameters, gradients and two arrays of state; at times one gradient is NaN or an infinity, and
// reaches what is its own alone.
struct Arrays {
  Guarded p, g, m, v;

  explicit Arrays(Generator& random) : Arrays(draw_size(random), random) {}
  Arrays(std::size_t n, Generator& random)
      : p(random_values(n, random)),
        g(random_values(n, random)),
        m(random_values(n, random)),
        v(random_values(n, random)) {
    for (std::size_t i = 0; i < n; ++i) v.data()[i] *= v[i] / 4;
    constexpr float infinity = std::numeric_limits<float>::infinity();
    if (random.below(4) == 0) {
      g.data()[random.below(n)] = draw_one_of(random, {poison, infinity, -infinity});
    }
  }
  std::size_t size() const { return p.size(); }
};

// Infinities follow IEEE arithmetic in both; but NEON of 32-bit ARM has no division, and the steps
// that stand for it make NaN of one.
void check(const char* what, const Guarded& got, const std::vector<double>& want) {
  INFO(what);
  REQUIRE(got.intact());
  for (std::size_t i = 0; i < want.size(); ++i) {
    if (std::isfinite(want[i])
            ? std::abs(got[i] - want[i]) <= 1e-6 + 1e-5 * std::abs(want[i])
            : !std::isfinite(got[i]) &&
                  (HWY_ARCH_ARM_V7 || std::isnan(got[i]) == std::isnan(want[i]))) {
      continue;
    }
    FAIL("at " << i << " of " << want.size() << ": " << got[i] << " instead of " << want[i]);
  }
}

bool equal(const Arrays& a, const Arrays& b) {
  return same_bits(a.p, b.p) && same_bits(a.m, b.m) && same_bits(a.v, b.v);
}

}  // namespace

TEST_CASE("adam, with weight decay, decoupled decay and bounds, over cases drawn by lot") {
  drawn::for_each_case(250, [&](Generator& random, unsigned) {
    const Arrays at(random);
    kernels::Adam a{};
    a.size = at.size();
    const double beta1 = random.below(2) == 0 ? 0.9 : 0.5,
                 beta2 = random.below(2) == 0 ? 0.99 : 0.999;
    a.beta1 = static_cast<float>(beta1), a.one_minus_beta1 = static_cast<float>(1 - beta1);
    a.beta2 = static_cast<float>(beta2), a.one_minus_beta2 = static_cast<float>(1 - beta2);
    a.eps = draw_one_of(random, {1e-3f, 1e-2f});
    a.step_size = draw_one_of(random, {0.01f, 0.001f});
    a.sqrt_correction = draw_one_of(random, {0.5f, 1});
    a.weight_decay = draw_one_of(random, {0, 0.3f});
    a.decay = draw_one_of(random, {1, 0.875f});
    a.bounded = random.below(2) == 0, a.lower = 0.03f, a.upper = 0.05f;  // some are beyond each
    const std::size_t threads = pick(random, 1, 4), cut = random.below(a.size + 1);
    INFO(a.size << " numbers, threads " << threads << ", bounded " << a.bounded << ", decay "
                << a.decay << ", weight decay " << a.weight_decay);
    std::vector<double> want(a.size), want_m(a.size), want_v(a.size);
    for (std::size_t k = 0; k < a.size; ++k) {
      double gradient = at.g[k];
      if (a.weight_decay != 0) gradient += double{a.weight_decay} * at.p[k];
      want_m[k] = beta1 * at.m[k] + (1 - beta1) * gradient;
      want_v[k] = beta2 * at.v[k] + (1 - beta2) * gradient * gradient;
      double step =
          double{a.step_size} / (std::sqrt(want_v[k]) / double{a.sqrt_correction} + double{a.eps});
      if (a.bounded) step = std::clamp(step, double{a.lower}, double{a.upper});
      want[k] = double{a.decay} * at.p[k] - step * want_m[k];
    }
    for_each_target([&] {
      const auto run = [&](std::size_t with, std::size_t part = 0) {
        Arrays now = at;
        for (const auto& [begin, end] :
             {std::pair(std::size_t{0}, part), std::pair(part, a.size)}) {
          kernels::Adam call = a;
          call.size = end - begin, call.threads = with;
          call.parameters = now.p.data() + begin, call.gradients = now.g.data() + begin;
          call.exp_avg = now.m.data() + begin, call.exp_avg_sq = now.v.data() + begin;
          adam(call);
        }
        return now;
      };
      const Arrays now = run(threads);
      check("exp_avg", now.m, want_m);
      check("exp_avg_sq", now.v, want_v);
      check("parameters", now.p, want);
      CHECK(equal(now, run(1)));
      CHECK(equal(now, run(1, cut)));  // Update::fused moves a layer at a time
    });
  });
}

TEST_CASE("sgd, with momentum, dampening, Nesterov and weight decay, over cases drawn by lot") {
  drawn::for_each_case(250, [&](Generator& random, unsigned) {
    const Arrays at(random);
    Sgd a{};
    a.size = at.size();
    a.lr = draw_one_of(random, {0.1f, 0.01f}), a.first = random.below(2) == 0;
    a.momentum = draw_one_of(random, {0, 0.9f, 0.5f});
    a.dampening = draw_one_of(random, {0, 0.25f});
    a.weight_decay = draw_one_of(random, {0, 0.3f}), a.nesterov = random.below(2) == 0;
    const std::size_t threads = pick(random, 1, 4), cut = random.below(a.size + 1);
    INFO(a.size << " numbers, threads " << threads << ", first " << a.first << ", momentum "
                << a.momentum << ", dampening " << a.dampening << ", nesterov " << a.nesterov);
    std::vector<double> want(a.size), want_m(a.size);
    for (std::size_t k = 0; k < a.size; ++k) {
      double move = at.g[k];
      if (a.weight_decay != 0) move += double{a.weight_decay} * at.p[k];
      want_m[k] = at.m[k];
      if (a.momentum != 0) {
        const double gradient = move;
        if (!a.first) move = double{a.momentum} * at.m[k] + (1 - double{a.dampening}) * gradient;
        want_m[k] = move;
        if (a.nesterov) move = gradient + double{a.momentum} * move;
      }
      want[k] = at.p[k] - double{a.lr} * move;
    }
    for_each_target([&] {
      const auto run = [&](std::size_t with, std::size_t part = 0) {
        Arrays now = at;
        for (const auto& [begin, end] :
             {std::pair(std::size_t{0}, part), std::pair(part, a.size)}) {
          Sgd call = a;
          call.size = end - begin, call.threads = with;
          call.parameters = now.p.data() + begin, call.gradients = now.g.data() + begin;
          call.momentum_buffer = a.momentum != 0 ? now.m.data() + begin : nullptr;
          sgd(call);
        }
        return now;
      };
      const Arrays now = run(threads);
      check("momentum buffer", now.m, want_m);
      check("parameters", now.p, want);
      CHECK(equal(now, run(1)));
      CHECK(equal(now, run(1, cut)));  // Update::fused moves a layer at a time
    });
  });
}

// The authors' code, https://github.com/Luolc/AdaBound, in double.
TEST_CASE("adabound at steps, rates and bounds drawn by lot") {
  bool is_low = false, is_high = false, is_between = false;
  drawn::for_each_case(150, [&](Generator& random, unsigned) {
    const Arrays at(random);
    const std::size_t n = at.size();
    AdaBound o;
    o.lr = random.below(2) == 0 ? 1e-3 : 1e-2;
    o.betas.first = random.below(2) == 0 ? 0.9 : 0.5;
    o.final_lr = random.below(2) == 0 ? 0.1 : 0.02;
    o.gamma = random.below(2) == 0 ? 1e-3 : 0.3;
    o.eps = random.below(2) == 0 ? 1e-8 : 1e-3;
    o.weight_decay = random.below(2) == 0 ? 0 : 0.3;
    const std::uint64_t step =
        random.below(4) == 0 ? 1 : std::uint64_t{1} << random.below(20) | random.below(1000);
    const float lr = static_cast<float>(o.lr) * draw_one_of(random, {1, 0.5f, 0.125f});
    const std::size_t threads = pick(random, 1, 4);
    INFO(n << " numbers, step " << step << ", lr " << lr << " of " << o.lr << ", gamma " << o.gamma
           << ", final_lr " << o.final_lr << ", threads " << threads);
    const double t = static_cast<double>(step), final_lr = o.final_lr * double{lr} / o.lr,
                 lower = final_lr * (1 - 1 / (o.gamma * t + 1)),
                 upper = final_lr * (1 + 1 / (o.gamma * t)),
                 rate = double{lr} * std::sqrt(1 - std::pow(o.betas.second, t)) /
                        (1 - std::pow(o.betas.first, t));
    std::vector<double> want(n), want_m(n), want_v(n);
    for (std::size_t k = 0; k < n; ++k) {
      const double gradient = at.g[k] + o.weight_decay * at.p[k];
      want_m[k] = o.betas.first * at.m[k] + (1 - o.betas.first) * gradient;
      want_v[k] = o.betas.second * at.v[k] + (1 - o.betas.second) * gradient * gradient;
      const double free = rate / (std::sqrt(want_v[k]) + o.eps);
      is_low |= free<lower, is_high |= free> upper, is_between |= free > lower && free < upper;
      want[k] = at.p[k] - std::clamp(free, lower, upper) * want_m[k];
    }
    for_each_target([&] {
      const auto run = [&](std::size_t with) {
        Arrays now = at;
        Guarded state(2 * n, 0);
        std::copy_n(at.m.data(), n, state.data());
        std::copy_n(at.v.data(), n, state.data() + n);
        o({n, with, step, lr, now.p.data(), now.g.data(), state.data(), n});
        REQUIRE(state.intact());
        std::copy_n(state.data(), n, now.m.data());
        std::copy_n(state.data() + n, n, now.v.data());
        return now;
      };
      const Arrays now = run(threads);
      check("exp_avg", now.m, want_m);
      check("exp_avg_sq", now.v, want_v);
      check("parameters", now.p, want);
      CHECK(equal(now, run(1)));
    });
  });
  CHECK((is_low && is_high && is_between));
}

TEST_CASE("squared_norm and scale over sizes drawn by lot") {
  drawn::for_each_case(60, [&](Generator& random, unsigned) {
    const std::size_t n = random.below(8) == 0 ? pick(random, 1, 300'000) : draw_size(random);
    const std::size_t threads = pick(random, 1, 4);
    const Arrays at(n, random);
    INFO(n << " numbers, threads " << threads);
    double want = 0;
    std::vector<double> half(n);
    for (std::size_t i = 0; i < n; ++i) {
      want += double{at.g[i]} * at.g[i];
      half[i] = 0.5 * at.g[i];
    }
    for_each_target([&] {
      Guarded x = at.g;
      const double norm = squared_norm(x.data(), n, threads), alone = squared_norm(x.data(), n, 1);
      CHECK((norm == alone || std::isnan(norm)));
      CHECK((std::abs(norm - want) <= 1e-6 * want || (std::isnan(norm) && std::isnan(want)) ||
             norm == want));
      scale(x.data(), n, 0.5f, threads);
      check("scaled", x, half);
    });
  });
}
