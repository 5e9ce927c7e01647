// expect: Upsample: the output must be at least 1 high and wide
// numbers: 0 1
#include <etch/etch.hpp>

using namespace etch;

#if defined(REJECT)
using Net = Network<Sequential<Upsample{.size = {3, 0}}>{}, Shape{4, 5, 7}>;
#else
using Net = Network<Sequential<Upsample{.size = {3, 1}}>{}, Shape{4, 5, 7}>;
#endif
static_assert(Net::num_parameters + 1 > 0);
