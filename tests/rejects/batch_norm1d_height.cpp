// expect: BatchNorm1d: the input must be a vector or a sequence: its height must be 1
// numbers: 5 1
#include <etch/etch.hpp>

using namespace etch;

#if defined(REJECT)
using Net = Network<Sequential<BatchNorm1d{}>{}, Shape{3, 5, 4}>;
static_assert(Net::num_parameters + 1 > 0);
#else
using Net = Network<Sequential<BatchNorm1d{}>{}, Shape{3, 1, 4}>;
static_assert(Net::num_parameters + 1 > 0);
#endif
