// expect: MaxPool2d: kernel_size must have at most 256 positions
// numbers: 289 256
#include <etch/etch.hpp>

using namespace etch;

#if defined(REJECT)
using Net = Network<Sequential<MaxPool2d{.kernel_size = 17}>{}, Shape{3, 28, 28}>;
static_assert(Net::num_parameters + 1 > 0);
#else
using Net = Network<Sequential<MaxPool2d{.kernel_size = 16}>{}, Shape{3, 28, 28}>;
static_assert(Net::num_parameters + 1 > 0);
#endif
