// expect: Save: a name must be saved once
// numbers:
// names: 2.skip
#include <etch/etch.hpp>

using namespace etch;

#if defined(REJECT)
using Net = Network<Sequential<Save<"skip">{}, ReLU{}, Save<"skip">{}, AddWith<"skip">{}>{},
                    Shape{4, 6, 6}>;
#else
using Net = Network<
    Sequential<Save<"skip">{}, ReLU{}, Save<"skip2">{}, AddWith<"skip">{}, AddWith<"skip2">{}>{},
    Shape{4, 6, 6}>;
#endif
static_assert(Net::num_parameters + 1 > 0);
