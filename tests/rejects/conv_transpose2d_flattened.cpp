// expect: ConvTranspose2d: the input must be an image: it was flattened
// numbers: 100 4
#include <etch/etch.hpp>

using namespace etch;

#if defined(REJECT)
using Net = Network<Sequential<Flatten{}, ConvTranspose2d{.out_channels = 6, .kernel_size = 3}>{},
                    Shape{4, 5, 5}>;
#else
using Net =
    Network<Sequential<ConvTranspose2d{.out_channels = 6, .kernel_size = 3}>{}, Shape{4, 5, 5}>;
#endif
static_assert(Net::num_parameters + 1 > 0);
