// The host's thread pool: oneTBB. Its caller takes work itself and waits for nobody who has none,
// so that a machine that is busy with other things slows a run down by its share and no more.
// (OpenMP's barrier waits for every thread to be scheduled: with one of two cores taken, LeNet
// trained 5 times slower on two threads than on one.)
#include <etch/kernels/parallel.hpp>

#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <map>

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define __SANITIZE_THREAD__
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace etch::kernels {

// Says to ThreadSanitizer what oneTBB, which isn't compiled with it, promises: what a caller did
// comes before all pieces of its work, and what they did before the caller goes on. Pieces aren't
// ordered among each other.
class Ordered {
 public:
#if defined(__SANITIZE_THREAD__)
  void release() { __tsan_release(this); }
  void acquire() { __tsan_acquire(this); }
#else
  void release() {}
  void acquire() {}
#endif
 private:
  [[maybe_unused]] char address_of_its_own_ = 0;
};

void parallel_run(std::size_t threads, std::size_t count, const void* body,
                  void (*run)(const void* body, std::size_t i, std::size_t worker)) {
  // More threads than processors may be asked for: to be slow, but not to be refused.
  static const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, 256);
  // One for each number: workers of an arena that is made again wait for work a while, and new ones
  // join them, up to the limit.
  thread_local std::map<std::size_t, tbb::task_arena> arenas;
  tbb::task_arena& arena = arenas.try_emplace(threads, static_cast<int>(threads)).first->second;
  Ordered begun, done;
  begun.release();
  arena.execute([&] {
    tbb::parallel_for(std::size_t{0}, count, [&](std::size_t i) {
      begun.acquire();
      run(body, i, static_cast<std::size_t>(tbb::this_task_arena::current_thread_index()));
      done.release();
    });
  });
  done.acquire();
}

}  // namespace etch::kernels
