// expect: Add: branches must end in the same width
// numbers: 6 3
#include <etch/etch.hpp>

using namespace etch;

#if defined(REJECT)
using Net =
    Network<Sequential<Add<Identity{}, MaxPool2d{.kernel_size = {1, 2}}>{}>{}, Shape{4, 6, 6}>;
#else
using Net = Network<Sequential<Add<Identity{}, MaxPool2d{.kernel_size = 1}>{}>{}, Shape{4, 6, 6}>;
#endif
static_assert(Net::num_parameters + 1 > 0);
