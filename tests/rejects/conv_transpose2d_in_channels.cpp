// expect: ConvTranspose2d: in_channels must equal the channels of the input
// numbers: 3 4
#include <etch/etch.hpp>

using namespace etch;

#if defined(REJECT)
using Net =
    Network<Sequential<ConvTranspose2d{.in_channels = 3, .out_channels = 6, .kernel_size = 3}>{},
            Shape{4, 5, 5}>;
#else
using Net =
    Network<Sequential<ConvTranspose2d{.in_channels = 4, .out_channels = 6, .kernel_size = 3}>{},
            Shape{4, 5, 5}>;
#endif
static_assert(Net::num_parameters + 1 > 0);
