// expect: Optimizer: nesterov needs a momentum, and no dampening
// numbers:
#include <etch/etch.hpp>

using namespace etch;

using N = Network<Linear{.out_features = 2}, Shape{3}>;
#if defined(REJECT)
static_assert(Trainer<N, MSELoss{}, SGD{.nesterov = true}>::parameter_bytes > 0);
#else
static_assert(Trainer<N, MSELoss{}, SGD{.momentum = 0.9, .nesterov = true}>::parameter_bytes > 0);
#endif
