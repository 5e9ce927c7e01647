// expect: Optimizer: betas must be below 1
// numbers:
#include <etch/etch.hpp>

using namespace etch;

using N = Network<Linear{.out_features = 2}, Shape{3}>;
#if defined(REJECT)
static_assert(Trainer<N, MSELoss{}, Adam{.betas = {0.9, 1}}>::parameter_bytes > 0);
#else
static_assert(Trainer<N, MSELoss{}, Adam{.betas = {0.9, 0.9}}>::parameter_bytes > 0);
#endif
