// Times calls as `etch bench` does, and prints one line of JSON that tools/bench-peers reads.
#pragma once
#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <functional>
#include <limits>
#include <string>
#include <vector>

namespace peers {

// Memory that was freed stays with the process. LibTorch asks for every result anew: by default
// glibc maps and unmaps large ones, and page faults take most of a training step (resnet18 at
// 32x32, batch 2: 404 ms instead of 89).
inline void keep_freed_memory() {
  ::mallopt(M_MMAP_MAX, 0);
  ::mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
  ::mallopt(M_TOP_PAD, 64 << 20);
}

inline double seconds() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

template <class Run>
double time_of(const Run& run, long calls) {
  const double begin = seconds();
  for (long i = 0; i < calls; ++i) run();
  return (seconds() - begin) / static_cast<double>(calls);
}

// Not getrusage(): that counts the program which started this one, until it became this.
inline long peak_rss_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    long kibibytes = 0;
    if (word == "VmHWM:" && status >> kibibytes) return kibibytes * 1024;
  }
  return 0;
}

// Two calls to warm up; then `samples` samples of at least two milliseconds. `more` adds to the
// JSON.
template <class Run>
void report(
    const std::string& name, int samples, const Run& run,
    const std::function<std::string()>& more = [] { return std::string(); }) {
  run();
  const double one = time_of(run, 1);
  const long calls = std::max(1L, static_cast<long>(2e-3 / std::max(one, 1e-9)));
  if (calls > 1) time_of(run, calls);
  std::vector<double> times;
  for (int i = 0; i < samples; ++i) times.push_back(time_of(run, calls));
  std::sort(times.begin(), times.end());
  std::printf(
      "{\"name\": \"%s\", \"median_ms\": %.6f, \"min_ms\": %.6f, \"peak_rss_bytes\": %ld%s}\n",
      name.c_str(), times[times.size() / 2] * 1e3, times.front() * 1e3, peak_rss_bytes(),
      more().c_str());
}

}  // namespace peers
