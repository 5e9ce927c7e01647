// expect: BatchNorm1d: num_features must equal the channels of the input
// numbers: 8 3
#include <etch/etch.hpp>

using namespace etch;

#if defined(REJECT)
using Net = Network<Sequential<BatchNorm1d{.num_features = 8}>{}, Shape{3}>;
static_assert(Net::num_parameters + 1 > 0);
#else
using Net = Network<Sequential<BatchNorm1d{.num_features = 3}>{}, Shape{3}>;
static_assert(Net::num_parameters + 1 > 0);
#endif
