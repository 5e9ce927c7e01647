// expect: AvgPool2d: padding + extra_padding must be less than kernel_size
// numbers: 3 2
#include <etch/etch.hpp>

using namespace etch;

#if defined(REJECT)
using Net = Network<Sequential<AvgPool2d{.kernel_size = 3, .padding = 1, .extra_padding = 2}>{},
                    Shape{3, 8, 8}>;
static_assert(Net::num_parameters + 1 > 0);
#else
using Net = Network<Sequential<AvgPool2d{.kernel_size = 3, .padding = 1, .extra_padding = 1}>{},
                    Shape{3, 8, 8}>;
static_assert(Net::num_parameters + 1 > 0);
#endif
