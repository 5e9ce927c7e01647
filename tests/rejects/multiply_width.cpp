// expect: Multiply: branches must end in the same width, or one of them in 1x1
// numbers: 3 6
#include <etch/etch.hpp>

using namespace etch;

#if defined(REJECT)
using Net =
    Network<Sequential<Multiply<Identity{}, MaxPool2d{.kernel_size = {1, 2}}>{}>{}, Shape{4, 6, 6}>;
#else
using Net =
    Network<Sequential<Multiply<Identity{}, MaxPool2d{.kernel_size = 6}>{}>{}, Shape{4, 6, 6}>;
#endif
static_assert(Net::num_parameters + 1 > 0);
