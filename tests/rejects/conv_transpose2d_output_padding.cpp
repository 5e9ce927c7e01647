// expect: ConvTranspose2d: output_padding must be less than stride
// numbers: 3 2
#include <etch/etch.hpp>

using namespace etch;

#if defined(REJECT)
using Net = Network<Sequential<ConvTranspose2d{
                        .out_channels = 6, .kernel_size = 3, .stride = 2, .output_padding = 2}>{},
                    Shape{4, 5, 5}>;
#else
using Net = Network<Sequential<ConvTranspose2d{
                        .out_channels = 6, .kernel_size = 3, .stride = 2, .output_padding = 1}>{},
                    Shape{4, 5, 5}>;
#endif
static_assert(Net::num_parameters + 1 > 0);
