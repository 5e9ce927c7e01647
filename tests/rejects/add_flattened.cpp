// expect: Add: branches must all be flattened, or none
// numbers: 4 144
#include <etch/etch.hpp>

using namespace etch;

#if defined(REJECT)
using Net =
    Network<Sequential<Add<Flatten{}, Sequential<Flatten{}, Linear{.out_features = 144}>{}>{}>{},
            Shape{4, 6, 6}>;
#else
using Net = Network<Sequential<Add<Flatten{}, Flatten{}>{}>{}, Shape{4, 6, 6}>;
#endif
static_assert(Net::num_parameters + 1 > 0);
