// expect: Linear: in_features must equal the size of the input
// numbers: 784 5408
#include <etch/etch.hpp>

using namespace etch;

#if defined(REJECT)
using Net = Network<Sequential<Conv2d{.out_channels = 8, .kernel_size = 3}, Flatten{},
                               Linear{.in_features = 784, .out_features = 10}>{},
                    Shape{1, 28, 28}>;
static_assert(Net::num_parameters + 1 > 0);
#else
using Net = Network<Sequential<Conv2d{.out_channels = 8, .kernel_size = 3}, Flatten{},
                               Linear{.in_features = 5408, .out_features = 10}>{},
                    Shape{1, 28, 28}>;
static_assert(Net::num_parameters + 1 > 0);
#endif
