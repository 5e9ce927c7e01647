// expect: Multiply: branches must end in the same channels
// numbers: 4 5
#include <etch/etch.hpp>

using namespace etch;

#if defined(REJECT)
using Net =
    Network<Sequential<Multiply<Identity{}, Conv2d{.out_channels = 5, .kernel_size = 1}>{}>{},
            Shape{4, 6, 6}>;
#else
using Net =
    Network<Sequential<Multiply<Identity{}, Conv2d{.out_channels = 4, .kernel_size = 1}>{}>{},
            Shape{4, 6, 6}>;
#endif
static_assert(Net::num_parameters + 1 > 0);
