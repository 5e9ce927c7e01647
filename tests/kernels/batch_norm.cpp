#include <etch/kernels/batch_norm.hpp>

#include "guarded.hpp"

using namespace etch;
using namespace etch::kernels;
using namespace guarded;

namespace {

struct Sizes {
  std::size_t rows, channels;
  float offset;
};
constexpr Sizes cases[] = {{2, 1, 0},     {5, 3, 0},       {33, 16, 1},    {1000, 70, -2},
                           {1025, 6, 10}, {100000, 5, 10}, {77, 200, 0.5f}};

}  // namespace

TEST_CASE("batch norm forward, replayed, and its gradient equal double arithmetic") {
  for_each_target([] {
    Generator random{4};
    for (const auto& [rows, channels, offset] : cases) {
      const std::size_t n = rows * channels;
      INFO(rows << " rows, " << channels << " channels");
      Guarded x = random_values(n, random), dy = random_values(n, random);
      for (std::size_t i = 0; i < n; ++i) x.data()[i] += offset;
      // Gradients whose sums stay of size 1, as tests/parity does.
      for (std::size_t i = 0; i < n; ++i) dy.data()[i] /= std::sqrt(static_cast<float>(rows));
      Guarded weight = random_values(channels, random), bias = random_values(channels, random);
      Guarded mean(channels, poison), inv_std(channels, poison), y(n, poison), again(n, poison);
      Guarded running_mean(channels, 0.25f), running_var(channels, 1.5f);
      batch_norm_forward({rows, channels, 2, 1e-5f, 0.25f, x.data(), weight.data(), bias.data(),
                          running_mean.data(), running_var.data(), mean.data(), inv_std.data(),
                          y.data()});
      Guarded dx(n, poison), dweight(channels, poison), dbias(channels, 0.5f);
      batch_norm_gradient({rows, channels, 2, x.data(), dy.data(), weight.data(), mean.data(),
                           inv_std.data(), dx.data(), dweight.data(), nullptr, false});
      std::vector<double> want(n), want_dx(n), want_dweight(channels), want_mean(channels),
          want_var(channels);
      const double count = static_cast<double>(rows);
      for (std::size_t c = 0; c < channels; ++c) {
        double m = 0, v = 0, s = 0, p = 0;
        for (std::size_t r = 0; r < rows; ++r) m += x[r * channels + c] / count;
        for (std::size_t r = 0; r < rows; ++r) v += std::pow(x[r * channels + c] - m, 2);
        const double inv = 1 / std::sqrt(v / count + 1e-5);
        for (std::size_t r = 0; r < rows; ++r) {
          const std::size_t i = r * channels + c;
          want[i] = (x[i] - m) * inv * weight[c] + bias[c];
          s += dy[i];
          p += dy[i] * (x[i] - m) * inv;
        }
        for (std::size_t r = 0; r < rows; ++r) {
          const std::size_t i = r * channels + c;
          want_dx[i] = weight[c] * inv * (dy[i] - s / count - (x[i] - m) * inv * p / count);
        }
        want_dweight[c] = p;
        want_mean[c] = 0.25 + 0.25 * (m - 0.25);
        want_var[c] = 1.5 + 0.25 * (v / (count - 1) - 1.5);
      }
      check_close(y, want);
      check_close(running_mean, want_mean);
      check_close(running_var, want_var);
      if (rows > 2) {  // of two rows the input gradient is a difference of equal numbers
        check_close(dx, want_dx);
        check_close(dweight, want_dweight);
      }
      batch_norm_apply({rows, channels, 3, x.data(), weight.data(), bias.data(), mean.data(),
                        inv_std.data(), again.data()});
      CHECK(same_bits(y, again));
      Guarded dx3 = dy, dweight3(channels, poison);  // in place, three threads
      batch_norm_gradient({rows, channels, 3, x.data(), dx3.data(), weight.data(), mean.data(),
                           inv_std.data(), dx3.data(), dweight3.data(), nullptr, false});
      CHECK(same_bits(dx, dx3));
      CHECK(same_bits(dweight, dweight3));
      Guarded added(channels, 0.5f);
      batch_norm_gradient({rows, channels, 1, x.data(), dy.data(), weight.data(), mean.data(),
                           inv_std.data(), nullptr, added.data(), nullptr, true});
      for (std::size_t c = 0; c < channels; ++c)
        CHECK(added[c] == Approx(0.5f + dweight[c]).margin(1e-5));
    }
  });
}

TEST_CASE("batch norm in evaluation") {
  for_each_target([] {
    Generator random{5};
    for (const auto& [rows, channels, offset] : cases) {
      const std::size_t n = rows * channels;
      Guarded x = random_values(n, random), weight = random_values(channels, random);
      Guarded mean = random_values(channels, random), var(channels, 0.7f), y(n, poison),
              dx(n, poison);
      batch_norm_inference({rows, channels, 2, 1e-3f, x.data(), weight.data(), nullptr, mean.data(),
                            var.data(), y.data()});
      batch_norm_inference_gradient(
          {rows, channels, 2, 1e-3f, x.data(), nullptr, var.data(), dx.data()});
      std::vector<double> want(n), want_dx(n);
      for (std::size_t i = 0; i < n; ++i) {
        const double scale = 1 / std::sqrt(double{0.7f} + 1e-3);
        want[i] = (double{x[i]} - mean[i % channels]) * scale * weight[i % channels];
        want_dx[i] = x[i] * scale;
      }
      check_close(y, want);
      check_close(dx, want_dx);
    }
  });
}
