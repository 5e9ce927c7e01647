// expect: HuberLoss: delta must be above 0
// numbers:
#include <etch/etch.hpp>

using namespace etch;

using N = Network<Linear{.out_features = 2}, Shape{3}>;
#if defined(REJECT)
static_assert(Trainer<N, HuberLoss{.delta = 0}, SGD{}>::parameter_bytes > 0);
#else
static_assert(Trainer<N, HuberLoss{.delta = 0.5f}, SGD{}>::parameter_bytes > 0);
#endif
