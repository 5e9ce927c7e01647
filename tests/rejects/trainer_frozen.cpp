// expect: Trainer: the network has nothing that learns: all its parameters are frozen
// numbers: 0 1
#include <etch/etch.hpp>

using namespace etch;

#if defined(REJECT)
using N = Network<Frozen<Linear{.out_features = 2}>{}, Shape{3}>;
static_assert(Trainer<N, MSELoss{}, SGD{}>::parameter_bytes > 0);
#else
using N = Network<Linear{.out_features = 2}, Shape{3}>;
static_assert(Trainer<N, MSELoss{}, SGD{}>::parameter_bytes > 0);
#endif
