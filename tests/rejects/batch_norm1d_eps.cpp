// expect: BatchNorm1d: eps must be positive
// numbers:
#include <etch/etch.hpp>

using namespace etch;

#if defined(REJECT)
using Net = Network<Sequential<BatchNorm1d{.eps = 0}>{}, Shape{3}>;
static_assert(Net::num_parameters + 1 > 0);
#else
using Net = Network<Sequential<BatchNorm1d{.eps = 1e-5f}>{}, Shape{3}>;
static_assert(Net::num_parameters + 1 > 0);
#endif
