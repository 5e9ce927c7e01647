// expect: Conv2d: the input must be an image: it was flattened
// numbers: 75 3
#include <etch/etch.hpp>

using namespace etch;

#if defined(REJECT)
using Net =
    Network<Sequential<Flatten{}, Conv2d{.out_channels = 8, .kernel_size = 1}>{}, Shape{3, 5, 5}>;
#else
using Net =
    Network<Sequential<Conv2d{.out_channels = 8, .kernel_size = 1}, Flatten{}>{}, Shape{3, 5, 5}>;
#endif
static_assert(Net::num_parameters == 8 * 3 + 8);
