// expect: Trainer: the arena must fit Recompute::budget, whatever is recomputed
// numbers: 512 100
#include <etch/etch.hpp>

using namespace etch;

using N = Network<Conv2d{.out_channels = 4, .kernel_size = 1, .algorithm = Algorithm::loops},
                  Shape{1, 4, 4}>;
#if defined(REJECT)
constexpr std::size_t bytes = 100;
#else
constexpr std::size_t bytes = 512;
#endif
static_assert(
    Trainer<N, MSELoss{}, SGD{}, Training{.recompute = Recompute::budget{bytes}}>::arena_bytes > 0);
