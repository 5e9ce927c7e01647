// expect: MaxPool2d: a window lies in the padding alone: dilation is too large for the input
// numbers:
#include <etch/etch.hpp>

using namespace etch;

#if defined(REJECT)
using Net =
    Network<Sequential<MaxPool2d{
                .kernel_size = {1, 2}, .stride = 1, .padding = {0, 1}, .dilation = {1, 8}}>{},
            Shape{3, 8, 7}>;
static_assert(Net::num_parameters + 1 > 0);
#else
using Net =
    Network<Sequential<MaxPool2d{
                .kernel_size = {1, 2}, .stride = 1, .padding = {0, 1}, .dilation = {1, 8}}>{},
            Shape{3, 8, 8}>;
static_assert(Net::num_parameters + 1 > 0);
#endif
