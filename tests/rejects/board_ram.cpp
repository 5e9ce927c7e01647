// expect: Board: the network needs more RAM than there is: bytes_over, at its peak_step
// numbers:
// names: 'L', 'i', 'n', 'e', 'a', 'r'>, etch::StepKind::
#include <etch/etch.hpp>

using namespace etch;

using Net = Network<Sequential<Linear{.out_features = 1024}, Tanh{}, Linear{.out_features = 2}>{},
                    Shape{16}>;
inline constexpr Learning mode{CrossEntropyLoss{}, SGD{}, Training{.batch = 2}};
#if defined(REJECT)
inline constexpr Board board{.ram = 64 * 1024, .flash = 512 * 1024};
#else
inline constexpr Board board{.ram = 256 * 1024, .flash = 512 * 1024};
#endif
static_assert(fits<Net, mode, board>);
