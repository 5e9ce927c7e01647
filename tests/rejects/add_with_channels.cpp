// expect: Add: branches must end in the same channels
// numbers: 5 4
// names: 2
#include <etch/etch.hpp>

using namespace etch;

#if defined(REJECT)
using Net = Network<
    Sequential<Save<"skip">{}, Conv2d{.out_channels = 5, .kernel_size = 1}, AddWith<"skip">{}>{},
    Shape{4, 6, 6}>;
#else
using Net = Network<
    Sequential<Save<"skip">{}, Conv2d{.out_channels = 4, .kernel_size = 1}, AddWith<"skip">{}>{},
    Shape{4, 6, 6}>;
#endif
static_assert(Net::num_parameters + 1 > 0);
