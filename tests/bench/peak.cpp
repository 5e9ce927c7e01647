// The ceilings of one core.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tests/bench/peak.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h.
#include <hwy/highway.h>

#include <cstddef>

HWY_BEFORE_NAMESPACE();
namespace bench::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// 12 accumulators: more than two units with a latency of four cycles need, and few enough for
// sixteen registers. They begin differently, or the compiler would see that they are one. Values
// stay finite and normal. Returns the operations of one round.
std::size_t multiply_add(std::size_t rounds, const float* begin, float* sink) {
  const hn::ScalableTag<float> d;
  const auto x = hn::Set(d, 0.999f), y = hn::Set(d, 0.001f);
  auto a = hn::Set(d, begin[0]), b = hn::Set(d, begin[1]), c = hn::Set(d, begin[2]);
  auto e = hn::Set(d, begin[3]), f = hn::Set(d, begin[4]), g = hn::Set(d, begin[5]);
  auto h = hn::Set(d, begin[6]), i = hn::Set(d, begin[7]), j = hn::Set(d, begin[8]);
  auto k = hn::Set(d, begin[9]), l = hn::Set(d, begin[10]), m = hn::Set(d, begin[11]);
  for (std::size_t r = 0; r < rounds; ++r) {
    a = hn::MulAdd(a, x, y);
    b = hn::MulAdd(b, x, y);
    c = hn::MulAdd(c, x, y);
    e = hn::MulAdd(e, x, y);
    f = hn::MulAdd(f, x, y);
    g = hn::MulAdd(g, x, y);
    h = hn::MulAdd(h, x, y);
    i = hn::MulAdd(i, x, y);
    j = hn::MulAdd(j, x, y);
    k = hn::MulAdd(k, x, y);
    l = hn::MulAdd(l, x, y);
    m = hn::MulAdd(m, x, y);
  }
  const auto sum = hn::Add(hn::Add(hn::Add(hn::Add(a, b), hn::Add(c, e)), hn::Add(f, g)),
                           hn::Add(hn::Add(hn::Add(h, i), hn::Add(j, k)), hn::Add(l, m)));
  *sink = hn::GetLane(sum);
  return 12 * 2 * hn::Lanes(d);
}

const char* target_name() { return hwy::TargetName(HWY_TARGET); }

}  // namespace bench::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "peak.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <vector>

namespace bench {

HWY_EXPORT(multiply_add);
HWY_EXPORT(target_name);

static double seconds() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

const char* simd_target() { return HWY_DYNAMIC_DISPATCH(target_name)(); }

double fma_peak() {
  static const double peak = [] {
    constexpr std::size_t rounds = 200'000;
    double best = 0;
    float begin_values[12], sum = 0;
    for (int i = 0; i < 12; ++i) begin_values[i] = 0.1f * static_cast<float>(i + 1);
    benchmark::DoNotOptimize(begin_values);
    for (int i = 0; i < 200; ++i) {
      const double begin = seconds();
      const std::size_t operations = HWY_DYNAMIC_DISPATCH(multiply_add)(rounds, begin_values, &sum);
      benchmark::DoNotOptimize(sum);
      best = std::max(best, static_cast<double>(operations * rounds) / (seconds() - begin));
    }
    return best;
  }();
  return peak;
}

double copy_bandwidth() {
  static const double bandwidth = [] {
    constexpr std::size_t size = std::size_t{64} << 20;
    std::vector<char> from(size, 1), to(size, 2);
    double best = 0;
    for (int i = 0; i < 8; ++i) {
      const double begin = seconds();
      std::memcpy(to.data(), from.data(), size);
      best = std::max(best, 2.0 * static_cast<double>(size) / (seconds() - begin));
    }
    return best;
  }();
  return bandwidth;
}

}  // namespace bench
#endif
