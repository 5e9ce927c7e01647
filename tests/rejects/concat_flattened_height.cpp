// expect: Concat: flattened branches must have had the same height
// numbers: 1 6
#include <etch/etch.hpp>

using namespace etch;

#if defined(REJECT)
using Net =
    Network<Sequential<Concat<Flatten{}, Sequential<Flatten{}, Linear{.out_features = 9}>{}>{}>{},
            Shape{4, 6, 6}>;
#else
using Net =
    Network<Sequential<Concat<Flatten{}, Sequential<ReLU{}, Flatten{}>{}>{}>{}, Shape{4, 6, 6}>;
#endif
static_assert(Net::num_parameters + 1 > 0);
