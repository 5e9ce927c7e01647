// Work on several threads.
#include <etch/kernels/parallel.hpp>

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <filesystem>
#include <vector>

using namespace etch::kernels;

TEST_CASE("every piece of work is done once, by a worker below the number of threads") {
  for (const std::size_t threads : {1u, 2u, 5u}) {
    std::vector<std::atomic<unsigned>> done(1000);
    std::atomic<std::size_t> highest{0};
    parallel(threads, done.size(), [&](std::size_t i, std::size_t worker) {
      ++done[i];
      if (worker >= threads) highest = worker;
    });
    CHECK(std::ranges::all_of(done, [](const auto& times) { return times == 1; }));
    CHECK(highest == 0);
  }
}

// Two trainers with numbers of their own may take turns.
TEST_CASE("changing the number of threads makes no threads without end") {
  const auto running = [] {
    const std::filesystem::directory_iterator tasks("/proc/self/task");
    return std::distance(begin(tasks), end(tasks));
  };
  const auto before = running();
  for (unsigned turn = 0; turn < 3000; ++turn) {
    parallel(2 + turn % 3, 16, [](std::size_t, std::size_t) {});
  }
  CHECK(running() <= before + 1 + 2 + 3);  // each number's own, at most
}
