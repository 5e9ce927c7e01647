// expect: AvgPool2d: padding must be at most half of kernel_size
// numbers: 4 2
#include <etch/etch.hpp>

using namespace etch;

#if defined(REJECT)
using Net = Network<Sequential<AvgPool2d{.kernel_size = 2, .padding = 2}>{}, Shape{3, 8, 8}>;
static_assert(Net::num_parameters + 1 > 0);
#else
using Net = Network<Sequential<AvgPool2d{.kernel_size = 2, .padding = 1}>{}, Shape{3, 8, 8}>;
static_assert(Net::num_parameters + 1 > 0);
#endif
