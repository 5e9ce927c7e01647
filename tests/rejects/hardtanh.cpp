// expect: Hardtanh: min_val must be below max_val
// numbers:
#include <etch/etch.hpp>

using namespace etch;

#if defined(REJECT)
using Net = Network<Sequential<Hardtanh{.min_val = 1}>{}, Shape{3}>;
static_assert(Net::num_parameters + 1 > 0);
#else
using Net = Network<Sequential<Hardtanh{}>{}, Shape{3}>;
static_assert(Net::num_parameters + 1 > 0);
#endif
