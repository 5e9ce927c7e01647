// expect: Upsample: align_corners is an option of Interpolation::bilinear
// numbers:
#include <etch/etch.hpp>

using namespace etch;

#if defined(REJECT)
using Net = Network<Sequential<Upsample{.size = 2, .align_corners = true}>{}, Shape{4, 5, 7}>;
#else
using Net = Network<
    Sequential<Upsample{.size = 2, .mode = Interpolation::bilinear, .align_corners = true}>{},
    Shape{4, 5, 7}>;
#endif
static_assert(Net::num_parameters + 1 > 0);
