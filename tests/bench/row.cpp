// One row of the table.
#include "row.hpp"

#include "peak.hpp"

#include <etch/plan.hpp>
#include <etch/random.hpp>

#include <algorithm>
#include <chrono>
#include <new>

namespace bench {
namespace {

std::size_t num_threads = 1;
constexpr std::align_val_t alignment{etch::buffer_alignment};

double seconds() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

void count(benchmark::State& state, const Work& work, std::vector<double> times) {
  std::sort(times.begin(), times.end());
  const double median = times[times.size() / 2];
  const double peak = fma_peak() * static_cast<double>(num_threads);
  if (work.macs > 0) {
    state.counters["GFLOP/s"] = 2e-9 * work.macs / median;
    state.counters["real"] = 2e-9 * work.real / median;
    state.counters["peak%"] = 200 * work.real / median / peak;
    state.counters["best%"] = 200 * work.real / times.front() / peak;
  }
  if (work.bytes > 0) state.counters["GB/s"] = 1e-9 * work.bytes / median;
}

void run(benchmark::State& state, const Work& work, const MakeRun& make) {
  const Run once = make();
  once();
  std::vector<double> times;
  for (auto _ : state) {
    const double begin = seconds();
    once();
    times.push_back(seconds() - begin);
  }
  count(state, work, std::move(times));
}

}  // namespace

void add_row(const std::string& name, const Work& work, const MakeRun& make) {
  benchmark::RegisterBenchmark(name.c_str(),
                               [work, make](benchmark::State& state) { run(state, work, make); })
      ->UseRealTime()
      ->Unit(benchmark::kMicrosecond);
}

std::size_t threads() { return num_threads; }
void set_threads(std::size_t n) { num_threads = n; }

Values::Values(std::size_t size)
    : data_(static_cast<float*>(::operator new(size * sizeof(float), alignment))) {
  constexpr std::size_t period = 4099;  // a prime: no two rows of a tensor are alike
  etch::Generator random{1};
  for (std::size_t i = 0; i < size; ++i) {
    data_.get()[i] = i < period ? random.uniform() : data_.get()[i - period];
  }
}

void Values::Free::operator()(float* p) const { ::operator delete(p, alignment); }

std::shared_ptr<std::byte> scratch(std::size_t bytes) {
  return {static_cast<std::byte*>(::operator new(bytes, alignment)),
          [](std::byte* p) { ::operator delete(p, alignment); }};
}

}  // namespace bench
