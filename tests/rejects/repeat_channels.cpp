// expect: Repeat: the block must keep the channels of its input
// numbers: 8 4
#include <etch/etch.hpp>

using namespace etch;

#if defined(REJECT)
using Net =
    Network<Sequential<Repeat<2, Conv2d{.out_channels = 8, .kernel_size = 1}>{}>{}, Shape{4, 6, 6}>;
static_assert(Net::num_parameters + 1 > 0);
#else
using Net =
    Network<Sequential<Repeat<2, Conv2d{.out_channels = 4, .kernel_size = 1}>{}>{}, Shape{4, 6, 6}>;
static_assert(Net::num_parameters + 1 > 0);
#endif
