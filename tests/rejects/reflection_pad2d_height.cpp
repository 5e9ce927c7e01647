// expect: ReflectionPad2d: padding must be less than the height of the input
// numbers: 6 5
#include <etch/etch.hpp>

using namespace etch;

#if defined(REJECT)
using Net = Network<Sequential<ReflectionPad2d{5}>{}, Shape{4, 5, 7}>;
#else
using Net = Network<Sequential<ReflectionPad2d{4}>{}, Shape{4, 5, 7}>;
#endif
static_assert(Net::num_parameters + 1 > 0);
