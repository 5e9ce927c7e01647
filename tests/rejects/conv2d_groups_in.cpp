// expect: Conv2d: in_channels must be divisible by groups
// numbers: 2 0
#include <etch/etch.hpp>

using namespace etch;

#if defined(REJECT)
using Net = Network<Sequential<Conv2d{.out_channels = 9, .kernel_size = 3, .groups = 3}>{},
                    Shape{5, 28, 28}>;
static_assert(Net::num_parameters + 1 > 0);
#else
using Net = Network<Sequential<Conv2d{.out_channels = 9, .kernel_size = 3, .groups = 3}>{},
                    Shape{6, 28, 28}>;
static_assert(Net::num_parameters + 1 > 0);
#endif
