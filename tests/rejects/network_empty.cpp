// expect: Network: the input shape must not be empty
// numbers:
#include <etch/etch.hpp>

using namespace etch;

#if defined(REJECT)
static_assert(Network<ReLU{}, Shape{3, 0, 3}>::num_parameters == 0);
#else
static_assert(Network<ReLU{}, Shape{3, 1, 3}>::num_parameters == 0);
#endif
