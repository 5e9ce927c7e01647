// expect: ConvTranspose2d: kernel_size must be at least 1
// numbers: 0 1
#include <etch/etch.hpp>

using namespace etch;

#if defined(REJECT)
using Net = Network<Sequential<ConvTranspose2d{.out_channels = 6}>{}, Shape{4, 5, 5}>;
#else
using Net =
    Network<Sequential<ConvTranspose2d{.out_channels = 6, .kernel_size = 3}>{}, Shape{4, 5, 5}>;
#endif
static_assert(Net::num_parameters + 1 > 0);
