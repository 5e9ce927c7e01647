// expect: Dropout: p must be at least 0
// numbers:
#include <etch/etch.hpp>

using namespace etch;

#if defined(REJECT)
using Net = Network<Sequential<Dropout{.p = -0.1f}>{}, Shape{3}>;
static_assert(Net::num_parameters + 1 > 0);
#else
using Net = Network<Sequential<Dropout{.p = 0}>{}, Shape{3}>;
static_assert(Net::num_parameters + 1 > 0);
#endif
