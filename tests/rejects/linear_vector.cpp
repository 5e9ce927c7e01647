// expect: Linear: the input must be a vector: put a Flatten before it
// numbers: 784 1
#include <etch/etch.hpp>

using namespace etch;

#if defined(REJECT)
using Net = Network<Sequential<Linear{.out_features = 10}>{}, Shape{1, 28, 28}>;
static_assert(Net::num_parameters + 1 > 0);
#else
using Net = Network<Sequential<Flatten{}, Linear{.out_features = 10}>{}, Shape{1, 28, 28}>;
static_assert(Net::num_parameters + 1 > 0);
#endif
