// expect: ConvTranspose2d: padding must leave a part of the output
// numbers: 7 9
#include <etch/etch.hpp>

using namespace etch;

#if defined(REJECT)
using Net =
    Network<Sequential<ConvTranspose2d{.out_channels = 6, .kernel_size = 3, .padding = 4}>{},
            Shape{4, 5, 5}>;
#else
using Net =
    Network<Sequential<ConvTranspose2d{.out_channels = 6, .kernel_size = 3, .padding = 3}>{},
            Shape{4, 5, 5}>;
#endif
static_assert(Net::num_parameters + 1 > 0);
