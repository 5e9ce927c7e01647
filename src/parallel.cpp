// The host's thread pool: oneTBB. Its caller takes work itself and waits for nobody who has none,
// so that a machine that is busy with other things slows a run down by its share and no more.
// (OpenMP's barrier waits for every thread to be scheduled: with one of two cores taken, LeNet
// trained 5 times slower on two threads than on one.)
#include <etch/kernels/parallel.hpp>

#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

namespace etch::kernels {

void parallel_run(std::size_t threads, std::size_t count, const void* body,
                  void (*run)(const void* body, std::size_t i, std::size_t worker)) {
  // More threads than processors may be asked for: to be slow, but not to be refused.
  static const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, 256);
  thread_local tbb::task_arena arena(2);
  if (static_cast<std::size_t>(arena.max_concurrency()) != threads) {
    arena.terminate();
    arena.initialize(static_cast<int>(threads));
  }
  arena.execute([&] {
    tbb::parallel_for(std::size_t{0}, count, [&](std::size_t i) {
      run(body, i, static_cast<std::size_t>(tbb::this_task_arena::current_thread_index()));
    });
  });
}

}  // namespace etch::kernels
