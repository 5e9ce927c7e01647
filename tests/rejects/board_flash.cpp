// expect: Board: the weights need more flash than there is: bytes_over
// numbers: 4160 0
#include <etch/etch.hpp>

using namespace etch;

using Net = Network<Linear{.out_features = 2}, Shape{1024}>;
#if defined(REJECT)
inline constexpr Board board{.ram = 64 * 1024, .flash = 4096};
#else
inline constexpr Board board{.ram = 64 * 1024, .flash = 16 * 1024};
#endif
static_assert(fits<Net, InferenceOptions{}, board>);
