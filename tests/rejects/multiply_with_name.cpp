// expect: MultiplyWith: a name must be saved before it is used
// numbers:
// names: 2.skap
#include <etch/etch.hpp>

using namespace etch;

#if defined(REJECT)
using Net = Network<Sequential<Save<"skip">{}, ReLU{}, MultiplyWith<"skap">{}>{}, Shape{4, 6, 6}>;
#else
using Net =
    Network<Sequential<ReLU{}, Save<"skip">{}, ReLU{}, Add<Identity{}, MultiplyWith<"skip">{}>{}>{},
            Shape{4, 6, 6}>;
#endif
static_assert(Net::num_parameters + 1 > 0);
