// expect: Conv2d: stride must be at least 1
// numbers: 0 1
#include <etch/etch.hpp>

using namespace etch;

#if defined(REJECT)
using Net = Network<Sequential<Conv2d{.out_channels = 8, .kernel_size = 3, .stride = 0}>{},
                    Shape{1, 28, 28}>;
static_assert(Net::num_parameters + 1 > 0);
#else
using Net = Network<Sequential<Conv2d{.out_channels = 8, .kernel_size = 3, .stride = 1}>{},
                    Shape{1, 28, 28}>;
static_assert(Net::num_parameters + 1 > 0);
#endif
