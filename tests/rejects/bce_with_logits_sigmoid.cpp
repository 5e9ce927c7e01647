// expect: BCEWithLogitsLoss: the network must end before its Sigmoid, which the loss holds
// numbers:
#include <etch/etch.hpp>

using namespace etch;

#if defined(REJECT)
using N = Network<Sequential<Linear{.out_features = 2}, Sigmoid{}, Dropout{}>{}, Shape{3}>;
#else
using N = Network<Sequential<Linear{.out_features = 2}, Dropout{}>{}, Shape{3}>;
#endif
static_assert(Trainer<N, BCEWithLogitsLoss{}, SGD{}>::parameter_bytes > 0);
