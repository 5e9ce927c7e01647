// expect: ReflectionPad2d: the input must be an image: it was flattened
// numbers: 140 4
#include <etch/etch.hpp>

using namespace etch;

#if defined(REJECT)
using Net = Network<Sequential<Flatten{}, ReflectionPad2d{0}>{}, Shape{4, 5, 7}>;
#else
using Net = Network<Sequential<ReflectionPad2d{1}>{}, Shape{4, 5, 7}>;
#endif
static_assert(Net::num_parameters + 1 > 0);
