// Benchmarks of kernels, beside LibTorch's where it is installed.
//
//   taskset -c 1 build/test/tests/bench/bench_kernels --benchmark_filter='batch 1/forward'
//
// --threads=N [1], and the options of Google Benchmark (--help). GFLOP/s counts two operations a
// multiply-accumulate; `real` leaves out those that meet only padding; peak% is their share of the
// FMA peak that this program measures first.
#include "peak.hpp"
#include "peers/timing.hpp"
#include "row.hpp"
#include "with_torch.hpp"

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace {

// Takes --threads=N out of the arguments. False where N isn't a number from 1 to 64.
bool take_threads(int& argc, char** argv) {
  constexpr std::string_view option = "--threads=";
  int kept = 1;
  bool good = true;
  for (int i = 1; i < argc; ++i) {
    if (!std::string_view(argv[i]).starts_with(option)) {
      argv[kept++] = argv[i];
      continue;
    }
    const long n = std::strtol(argv[i] + option.size(), nullptr, 10);
    good = good && n >= 1 && n <= 64;
    if (good) bench::set_threads(static_cast<std::size_t>(n));
  }
  argc = kept;
  return good;
}

void add_context() {
  using benchmark::AddCustomContext;
  const auto giga = [](double x) { return std::to_string(static_cast<int>(x / 1e9 + 0.5)); };
  AddCustomContext("SIMD target", bench::simd_target());
  AddCustomContext("FMA peak, one thread", giga(bench::fma_peak()) + " GFLOP/s");
  AddCustomContext("copy, one thread", giga(bench::copy_bandwidth()) + " GB/s read and written");
  AddCustomContext("threads", std::to_string(bench::threads()));
  AddCustomContext("LibTorch", bench::torch_version());
  for (const char* name : {"OPENBLAS_CORETYPE", "OMP_NUM_THREADS", "ONEDNN_MAX_CPU_ISA"}) {
    const char* value = std::getenv(name);
    AddCustomContext(name, value != nullptr ? value : "isn't set");
  }
}

}  // namespace

int main(int argc, char** argv) {
  peers::keep_freed_memory();
  if (!take_threads(argc, argv)) {
    std::fputs("--threads: must be from 1 to 64\n", stderr);
    return 2;
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  bench::set_torch_threads(bench::threads());
  bench::add_convolutions();
  bench::add_gemms();
  bench::add_norms_and_pools();
  bench::add_optimizers();
  bench::add_small_convolution();
  add_context();
  return benchmark::RunSpecifiedBenchmarks() > 0 ? 0 : 1;
}
