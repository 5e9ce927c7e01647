// expect: Conv2d: the kernel must not be wider than the padded input
// numbers: 5 4
#include <etch/etch.hpp>

using namespace etch;

#if defined(REJECT)
using Net = Network<Sequential<Conv2d{.out_channels = 8, .kernel_size = 5}>{}, Shape{1, 28, 4}>;
static_assert(Net::num_parameters + 1 > 0);
#else
using Net = Network<Sequential<Conv2d{.out_channels = 8, .kernel_size = 5, .padding = {0, 1}}>{},
                    Shape{1, 28, 4}>;
static_assert(Net::num_parameters + 1 > 0);
#endif
