// expect: Board: the network needs more RAM than there is: bytes_over, at its peak_step
// numbers: 1 0
// names: 'L', 'i', 'n', 'e', 'a', 'r'>, etch::StepKind::
#include <etch/etch.hpp>

using namespace etch;

using Net = Network<Sequential<Linear{.out_features = 1024}, Tanh{}, Linear{.out_features = 2}>{},
                    Shape{16}>;
inline constexpr Learning mode{CrossEntropyLoss{}, SGD{}, Training{.batch = 2}};
inline constexpr std::size_t needed = sizeof(Trainer<Net, mode.loss, mode.optimizer, mode.options>);
#if defined(REJECT)
inline constexpr Board board{.ram = needed - 1, .flash = 0};
#else
inline constexpr Board board{.ram = needed, .flash = 0};
#endif
static_assert(fits<Net, mode, board>);
