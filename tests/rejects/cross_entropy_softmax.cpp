// expect: CrossEntropyLoss: the network must end before its Softmax, which the loss holds
// numbers:
#include <etch/etch.hpp>

using namespace etch;

#if defined(REJECT)
using N = Network<Sequential<Linear{.out_features = 2}, Softmax{}, Dropout{}>{}, Shape{3}>;
static_assert(Trainer<N, CrossEntropyLoss{}, SGD{}>::parameter_bytes > 0);
#else
using N = Network<Sequential<Linear{.out_features = 2}, Dropout{}>{}, Shape{3}>;
static_assert(Trainer<N, CrossEntropyLoss{}, SGD{}>::parameter_bytes > 0);
#endif
