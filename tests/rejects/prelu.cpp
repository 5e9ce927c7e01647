// expect: PReLU: num_parameters must be 1 or the channels of the input
// numbers: 2 3
#include <etch/etch.hpp>

using namespace etch;

#if defined(REJECT)
using Net = Network<Sequential<PReLU{.num_parameters = 2}>{}, Shape{3, 2, 2}>;
static_assert(Net::num_parameters + 1 > 0);
#else
using Net = Network<Sequential<PReLU{.num_parameters = 3}>{}, Shape{3, 2, 2}>;
static_assert(Net::num_parameters + 1 > 0);
#endif
