// expect: Residual: body and shortcut must end in the same width
// numbers: 4 6
#include <etch/etch.hpp>

using namespace etch;

#if defined(REJECT)
using Net = Network<
    Sequential<Residual<Sequential<Conv2d{.out_channels = 4, .kernel_size = {1, 3}}>{}>{}>{},
    Shape{4, 6, 6}>;
static_assert(Net::num_parameters + 1 > 0);
#else
using Net = Network<Sequential<Residual<Sequential<Conv2d{
                        .out_channels = 4, .kernel_size = {1, 3}, .padding = {0, 1}}>{}>{}>{},
                    Shape{4, 6, 6}>;
static_assert(Net::num_parameters + 1 > 0);
#endif
