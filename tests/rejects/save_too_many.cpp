// expect: Save: a network has too many names and uses of them
// numbers: 257 256
#include <etch/etch.hpp>

using namespace etch;

#if defined(REJECT)
using Net =
    Network<Sequential<Save<"skip">{}, Repeat<300, Sequential<ReLU{}, Load<"skip">{}>{}>{}>{},
            Shape{4, 6, 6}>;
#else
using Net =
    Network<Sequential<Save<"skip">{}, Repeat<300, Sequential<ReLU{}, AddWith<"skip">{}>{}>{}>{},
            Shape{4, 6, 6}>;
#endif
static_assert(Net::num_parameters + 1 > 0);
