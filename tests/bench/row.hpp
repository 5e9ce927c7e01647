// One row of the table: a name, what runs, and what it is measured by.
#pragma once
#include <benchmark/benchmark.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

namespace bench {

// Its parts, one after the other, as operator<< writes them.
template <class... Parts>
std::string text(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return std::move(out).str();
}

// What one call does. Zeros leave their column out.
struct Work {
  double macs = 0;   // counted, as everybody counts them
  double real = 0;   // without those that meet only padding
  double bytes = 0;  // read and written, where memory is what bounds it
};

using Run = std::function<void()>;     // one call
using MakeRun = std::function<Run()>;  // makes the operands too: when the row's turn comes

// Columns, of the median of the row's calls: GFLOP/s, real GFLOP/s, their share of the threads' FMA
// peak in per cent (and of the fastest call: best%), GB/s.
void add_row(const std::string& name, const Work& work, const MakeRun& make);

// Threads that every row uses: --threads=N.
std::size_t threads();
void set_threads(std::size_t n);

// Numbers in [-1, 1), the same each time; aligned as an arena's buffers are.
class Values {
 public:
  explicit Values(std::size_t size);
  float* data() const { return data_.get(); }

 private:
  struct Free {
    void operator()(float* p) const;
  };
  std::unique_ptr<float, Free> data_;
};

// Scratch, not set.
std::shared_ptr<std::byte> scratch(std::size_t bytes);

// Each file's rows.
void add_convolutions();
void add_gemms();
void add_norms_and_pools();
void add_optimizers();
void add_small_convolution();

}  // namespace bench
