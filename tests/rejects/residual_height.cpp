// expect: Residual: body and shortcut must end in the same height
// numbers: 4 6
#include <etch/etch.hpp>

using namespace etch;

#if defined(REJECT)
using Net = Network<
    Sequential<Residual<Sequential<Conv2d{.out_channels = 4, .kernel_size = {3, 1}}>{}>{}>{},
    Shape{4, 6, 6}>;
static_assert(Net::num_parameters + 1 > 0);
#else
using Net = Network<Sequential<Residual<Sequential<Conv2d{
                        .out_channels = 4, .kernel_size = {3, 1}, .padding = {1, 0}}>{}>{}>{},
                    Shape{4, 6, 6}>;
static_assert(Net::num_parameters + 1 > 0);
#endif
