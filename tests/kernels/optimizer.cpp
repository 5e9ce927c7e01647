// The formulas stand beside LibTorch in tests/parity/training.cpp; here every SIMD target, the
// ends of arrays, and the number of threads.
#include <etch/kernels/optimizer.hpp>

#include "guarded.hpp"

#include <algorithm>

using namespace etch;
using namespace etch::kernels;
using namespace guarded;

TEST_CASE("adam on every target and for any number of threads") {
  for_each_target([] {
    Generator random{8};
    for (const std::size_t n : {1u, 7u, 31u, 1000u, 50000u}) {
      Guarded p = random_values(n, random), g = random_values(n, random),
              m = random_values(n, random), v = random_values(n, random);
      for (std::size_t i = 0; i < n; ++i) v.data()[i] *= v[i];
      std::vector<double> want(n);
      for (std::size_t i = 0; i < n; ++i) {
        const double mm = 0.9 * m[i] + 0.1 * g[i], vv = 0.99 * v[i] + 0.01 * g[i] * g[i];
        want[i] = p[i] - 0.01 * mm / (std::sqrt(vv) / 0.5 + 1e-3);
      }
      Adam a{};
      a.size = n;
      a.beta1 = 0.9f, a.beta2 = 0.99f, a.one_minus_beta1 = 0.1f, a.one_minus_beta2 = 0.01f;
      a.eps = 1e-3f, a.step_size = 0.01f, a.sqrt_correction = 0.5f, a.decay = 1;
      Guarded p3 = p, m3 = m, v3 = v;
      a.gradients = g.data();
      a.threads = 1, a.parameters = p.data(), a.exp_avg = m.data(), a.exp_avg_sq = v.data();
      adam(a);
      a.threads = 3, a.parameters = p3.data(), a.exp_avg = m3.data(), a.exp_avg_sq = v3.data();
      adam(a);
      check_close(p, want);
      CHECK(m.intact());
      CHECK(v.intact());
      CHECK((same_bits(p, p3) && same_bits(m, m3) && same_bits(v, v3)));
    }
  });
}

TEST_CASE("adam with weight decay, decoupled decay and bounds") {
  for_each_target([] {
    Generator random{10};
    for (int i = 0; i < 12; ++i) {
      const std::size_t n = 1 + random.below(90);
      Adam a{};
      a.size = n, a.threads = 1;
      a.beta1 = 0.9f, a.beta2 = 0.99f, a.one_minus_beta1 = 0.1f, a.one_minus_beta2 = 0.01f;
      a.eps = 1e-3f, a.step_size = 0.01f, a.sqrt_correction = 0.5f;
      a.weight_decay = i % 2 ? 0.3f : 0.0f, a.decay = i % 3 ? 1.0f : 0.875f;
      // Some steps are beyond each bound.
      a.bounded = i % 4 > 1, a.lower = 0.03f, a.upper = 0.05f;
      Guarded p = random_values(n, random), g = random_values(n, random),
              m = random_values(n, random), v = random_values(n, random);
      for (std::size_t k = 0; k < n; ++k) v.data()[k] *= v[k] / 4;
      std::vector<double> want(n), want_m(n), want_v(n);
      for (std::size_t k = 0; k < n; ++k) {
        const double gradient = g[k] + double{a.weight_decay} * p[k];
        want_m[k] = 0.9 * m[k] + 0.1 * gradient;
        want_v[k] = 0.99 * v[k] + 0.01 * gradient * gradient;
        double step = 0.01 / (std::sqrt(want_v[k]) / 0.5 + 1e-3);
        if (a.bounded) step = std::clamp(step, double{a.lower}, double{a.upper});
        want[k] = double{a.decay} * p[k] - step * want_m[k];
      }
      a.parameters = p.data(), a.gradients = g.data();
      a.exp_avg = m.data(), a.exp_avg_sq = v.data();
      adam(a);
      check_close(p, want);
      check_close(m, want_m);
      check_close(v, want_v);
    }
  });
}

TEST_CASE("sgd, with momentum, dampening, Nesterov and weight decay") {
  for_each_target([] {
    Generator random{11};
    for (int i = 0; i < 32; ++i) {
      const std::size_t n = 1 + random.below(90);
      Guarded p = random_values(n, random), g = random_values(n, random),
              buffer = random_values(n, random);
      const bool has_momentum = i % 2, dampened = i & 2, nesterov = i & 4, decays = i & 8;
      Sgd a{};
      a.size = n, a.threads = 1, a.lr = 0.1f, a.first = i & 16;
      a.momentum = has_momentum ? 0.9f : 0.0f, a.dampening = dampened ? 0.25f : 0.0f;
      a.weight_decay = decays ? 0.3f : 0.0f, a.nesterov = nesterov;
      a.parameters = p.data(), a.gradients = g.data();
      a.momentum_buffer = has_momentum ? buffer.data() : nullptr;
      std::vector<double> want(n), want_buffer(n);
      for (std::size_t k = 0; k < n; ++k) {
        const double gradient = g[k] + double{a.weight_decay} * p[k];
        double move = gradient;
        want_buffer[k] = buffer[k];
        if (has_momentum) {
          move = a.first ? gradient
                         : double{a.momentum} * buffer[k] + (1 - double{a.dampening}) * gradient;
          want_buffer[k] = move;
          if (nesterov) move = gradient + double{a.momentum} * move;
        }
        want[k] = p[k] - double{a.lr} * move;
      }
      sgd(a);
      check_close(p, want);
      check_close(buffer, want_buffer);
    }
  });
}

TEST_CASE("squared_norm and scale") {
  for_each_target([] {
    Generator random{9};
    for (const std::size_t n : {1u, 9u, 5000u, 300001u}) {
      Guarded x = random_values(n, random);
      double want = 0;
      for (std::size_t i = 0; i < n; ++i) want += double{x[i]} * x[i];
      CHECK(squared_norm(x.data(), n, 1) == Approx(want).epsilon(1e-6));
      CHECK(squared_norm(x.data(), n, 1) == squared_norm(x.data(), n, 3));
      std::vector<double> half(n);
      for (std::size_t i = 0; i < n; ++i) half[i] = 0.5 * x[i];
      scale(x.data(), n, 0.5f, 2);
      check_close(x, half);
    }
  });
}
