// expect: Save: the name must be used
// numbers:
// names: 0.skip
#include <etch/etch.hpp>

using namespace etch;

#if defined(REJECT)
using Net = Network<Sequential<Save<"skip">{}, ReLU{}>{}, Shape{4, 6, 6}>;
#else
using Net = Network<Sequential<Save<"skip">{}, ReLU{}, AddWith<"skip">{}>{}, Shape{4, 6, 6}>;
#endif
static_assert(Net::num_parameters + 1 > 0);
