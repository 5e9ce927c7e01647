// expect: Trainer: a header-only build, as firmware is, runs on one thread
// numbers: 2 1
#define ETCH_HEADER_ONLY
#define HWY_COMPILE_ONLY_SCALAR
#include <etch/etch.hpp>

using namespace etch;

using Net = Network<Linear{.out_features = 2}, Shape{3}>;
#if defined(REJECT)
inline constexpr std::size_t threads = 2;
#else
inline constexpr std::size_t threads = 1;
#endif
static_assert(Trainer<Net, MSELoss{}, SGD{}, Training{.threads = threads}>::arena_bytes > 0);
