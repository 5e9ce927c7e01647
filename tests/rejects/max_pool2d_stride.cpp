// expect: MaxPool2d: stride must be at least 1
// numbers: 0 1
#include <etch/etch.hpp>

using namespace etch;

#if defined(REJECT)
using Net = Network<Sequential<MaxPool2d{.kernel_size = 2, .stride = {0, 1}}>{}, Shape{3, 8, 8}>;
static_assert(Net::num_parameters + 1 > 0);
#else
using Net = Network<Sequential<MaxPool2d{.kernel_size = 2, .stride = {1, 1}}>{}, Shape{3, 8, 8}>;
static_assert(Net::num_parameters + 1 > 0);
#endif
