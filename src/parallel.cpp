// The host's thread pool: OpenMP.
#include <etch/kernels/parallel.hpp>

#include <omp.h>

namespace etch::kernels {

void parallel_run(std::size_t threads, std::size_t count, const void* body,
                  void (*run)(const void* body, std::size_t i, std::size_t worker)) {
#pragma omp parallel for num_threads(static_cast<int>(threads)) schedule(dynamic)
  for (std::size_t i = 0; i < count; ++i) {
    run(body, i, static_cast<std::size_t>(omp_get_thread_num()));
  }
}

}  // namespace etch::kernels
