// expect: Optimizer: lr must be above 0, since final_lr, at least 0, follows it
// numbers:
#include <etch/etch.hpp>

using namespace etch;

using N = Network<Linear{.out_features = 2}, Shape{3}>;
#if defined(REJECT)
static_assert(Trainer<N, MSELoss{}, AdaBound{.lr = 0}>::parameter_bytes > 0);
#else
static_assert(Trainer<N, MSELoss{}, AdaBound{.lr = 1}>::parameter_bytes > 0);
#endif
