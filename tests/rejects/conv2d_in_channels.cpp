// expect: Conv2d: in_channels must equal the channels of the input
// numbers: 3 1
#include <etch/etch.hpp>

using namespace etch;

#if defined(REJECT)
using Net = Network<Sequential<Conv2d{.in_channels = 3, .out_channels = 8, .kernel_size = 3}>{},
                    Shape{1, 28, 28}>;
static_assert(Net::num_parameters + 1 > 0);
#else
using Net = Network<Sequential<Conv2d{.in_channels = 1, .out_channels = 8, .kernel_size = 3}>{},
                    Shape{1, 28, 28}>;
static_assert(Net::num_parameters + 1 > 0);
#endif
