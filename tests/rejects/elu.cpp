// expect: ELU: alpha must be positive and finite
// numbers:
#include <etch/etch.hpp>

using namespace etch;

#if defined(REJECT)
using Net = Network<Sequential<ELU{.alpha = 0}>{}, Shape{3}>;
static_assert(Net::num_parameters + 1 > 0);
#else
using Net = Network<Sequential<ELU{}>{}, Shape{3}>;
static_assert(Net::num_parameters + 1 > 0);
#endif
