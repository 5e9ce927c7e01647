// expect: BatchNorm2d: eps must be positive
// numbers:
#include <etch/etch.hpp>

using namespace etch;

#if defined(REJECT)
using Net = Network<Sequential<BatchNorm2d{.eps = 0}>{}, Shape{3, 5, 5}>;
static_assert(Net::num_parameters + 1 > 0);
#else
using Net = Network<Sequential<BatchNorm2d{.eps = 1e-5f}>{}, Shape{3, 5, 5}>;
static_assert(Net::num_parameters + 1 > 0);
#endif
