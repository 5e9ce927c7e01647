// Where there is no oneTBB, as in many cross toolchains: one thread does all of it.
#include <etch/kernels/parallel.hpp>

namespace etch::kernels {

void parallel_run(std::size_t, std::size_t count, const void* body,
                  void (*run)(const void* body, std::size_t i, std::size_t worker)) {
  for (std::size_t i = 0; i < count; ++i) run(body, i, 0);
}

}  // namespace etch::kernels
