// expect: Linear: out_features must be at least 1
// numbers: 0 1
#include <etch/etch.hpp>

using namespace etch;

#if defined(REJECT)
using Net = Network<Sequential<Linear{}>{}, Shape{7}>;
static_assert(Net::num_parameters + 1 > 0);
#else
using Net = Network<Sequential<Linear{.out_features = 1}>{}, Shape{7}>;
static_assert(Net::num_parameters + 1 > 0);
#endif
