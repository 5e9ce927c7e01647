// expect: ReflectionPad2d: padding must be less than the width of the input
// numbers: 8 7
#include <etch/etch.hpp>

using namespace etch;

#if defined(REJECT)
using Net = Network<Sequential<ReflectionPad2d{{1, 7, 1, 1}}>{}, Shape{4, 5, 7}>;
#else
using Net = Network<Sequential<ReflectionPad2d{{1, 6, 1, 1}}>{}, Shape{4, 5, 7}>;
#endif
static_assert(Net::num_parameters + 1 > 0);
