// expect: MaxPool2d: the window must not exceed the padded input
// numbers: 9 8
#include <etch/etch.hpp>

using namespace etch;

#if defined(REJECT)
using Net = Network<Sequential<MaxPool2d{.kernel_size = 9}>{}, Shape{3, 8, 8}>;
static_assert(Net::num_parameters + 1 > 0);
#else
using Net = Network<Sequential<MaxPool2d{.kernel_size = 8}>{}, Shape{3, 8, 8}>;
static_assert(Net::num_parameters + 1 > 0);
#endif
