// expect: Optimizer: momentum must be at least 0
// numbers:
#include <etch/etch.hpp>

using namespace etch;

using N = Network<Linear{.out_features = 2}, Shape{3}>;
#if defined(REJECT)
static_assert(Trainer<N, MSELoss{}, SGD{.momentum = -0.1}>::parameter_bytes > 0);
#else
static_assert(Trainer<N, MSELoss{}, SGD{.momentum = 0.1}>::parameter_bytes > 0);
#endif
