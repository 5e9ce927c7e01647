// expect: ConvTranspose2d: in_channels must be divisible by groups
// numbers: 1 0
#include <etch/etch.hpp>

using namespace etch;

#if defined(REJECT)
using Net = Network<Sequential<ConvTranspose2d{.out_channels = 6, .kernel_size = 3, .groups = 3}>{},
                    Shape{4, 5, 5}>;
#else
using Net = Network<Sequential<ConvTranspose2d{.out_channels = 6, .kernel_size = 3, .groups = 2}>{},
                    Shape{4, 5, 5}>;
#endif
static_assert(Net::num_parameters + 1 > 0);
