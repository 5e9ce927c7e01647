// expect: Trainer: batch must be at least 2: batch norm needs more than one value a channel
// numbers: 1 2
#include <etch/etch.hpp>

using namespace etch;

using N = Network<Sequential<Linear{.out_features = 2}, BatchNorm1d{}>{}, Shape{3}>;
#if defined(REJECT)
static_assert(Trainer<N, MSELoss{}, SGD{}, Training{.batch = 1}>::parameter_bytes > 0);
#else
static_assert(Trainer<N, MSELoss{}, SGD{}, Training{.batch = 2}>::parameter_bytes > 0);
#endif
