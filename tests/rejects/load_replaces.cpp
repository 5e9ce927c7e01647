// expect: Load: the value before it must be used too
// numbers:
// names: 2
#include <etch/etch.hpp>

using namespace etch;

#if defined(REJECT)
using Net = Network<Sequential<Save<"skip">{}, ReLU{}, Load<"skip">{}>{}, Shape{4, 6, 6}>;
#else
using Net = Network<Sequential<ReLU{}, Save<"skip">{}, Load<"skip">{}>{}, Shape{4, 6, 6}>;
#endif
static_assert(Net::num_parameters + 1 > 0);
