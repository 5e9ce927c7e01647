// expect: Load: a name must be saved before it is used
// numbers:
// names: 0.1.skip
#include <etch/etch.hpp>

using namespace etch;

#if defined(REJECT)
using Net =
    Network<Sequential<Add<Identity{}, Load<"skip">{}>{}, Save<"skip">{}>{}, Shape{4, 6, 6}>;
#else
using Net =
    Network<Sequential<Save<"skip">{}, Add<Identity{}, Load<"skip">{}>{}>{}, Shape{4, 6, 6}>;
#endif
static_assert(Net::num_parameters + 1 > 0);
