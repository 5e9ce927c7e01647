// expect: Upsample: size or scale_factor must be given, and not both
// numbers:
#include <etch/etch.hpp>

using namespace etch;

#if defined(REJECT)
using Net = Network<Sequential<Upsample{.size = 2, .scale_factor = 2}>{}, Shape{4, 5, 7}>;
#else
using Net = Network<Sequential<Upsample{.size = 2}>{}, Shape{4, 5, 7}>;
#endif
static_assert(Net::num_parameters + 1 > 0);
