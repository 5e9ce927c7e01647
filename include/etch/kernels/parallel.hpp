// Splitting a kernel's work over threads. Work is cut by output, never by partial sums, so
// results are the same bits for any number of threads.
#pragma once
#include <etch/compiler.hpp>

#include <cstddef>

namespace etch::kernels {

#if defined(ETCH_HEADER_ONLY)
inline constexpr std::size_t most_threads = 1;
template <class Body>
inline void parallel(std::size_t, std::size_t count, const Body& body) {
  for (std::size_t i = 0; i < count; ++i) body(i, std::size_t{0});
}
#else
inline constexpr std::size_t most_threads = static_cast<std::size_t>(-1);
// Calls run(body, i, worker) for every i in [0, count), worker < threads; returns when all are
// done.
void parallel_run(std::size_t threads, std::size_t count, const void* body,
                  void (*run)(const void* body, std::size_t i, std::size_t worker));

// Calls body(i, worker) for every i in [0, count) on up to `threads` threads; body(i, worker) with
// the same worker never runs twice at once, so scratch can be cut by worker.
template <class Body>
inline void parallel(std::size_t threads, std::size_t count, const Body& body) {
  if (threads <= 1 || count <= 1) {
    for (std::size_t i = 0; i < count; ++i) body(i, std::size_t{0});
    return;
  }
  parallel_run(threads, count, &body, [](const void* what, std::size_t piece, std::size_t worker) {
    (*static_cast<const Body*>(what))(piece, worker);
  });
}
#endif

}  // namespace etch::kernels
