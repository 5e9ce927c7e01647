// expect: CrossEntropyLoss: the output must be a vector, one number a class, not an image
// numbers: 4 1
#include <etch/etch.hpp>

using namespace etch;

#if defined(REJECT)
using N = Network<Conv2d{.out_channels = 2, .kernel_size = 1}, Shape{3, 2, 2}>;
static_assert(Trainer<N, CrossEntropyLoss{}, SGD{}>::parameter_bytes > 0);
#else
using N = Network<Conv2d{.out_channels = 2, .kernel_size = 2}, Shape{3, 2, 2}>;
static_assert(Trainer<N, CrossEntropyLoss{}, SGD{}>::parameter_bytes > 0);
#endif
