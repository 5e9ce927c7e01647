// expect: layer.lower(g, x)
// numbers:
#include <etch/etch.hpp>

using namespace etch;

#if defined(REJECT)
struct Mine {
  constexpr Shape output(Shape x) const { return x; }
};
static_assert(Network<Mine{}, Shape{3}>::num_parameters == 0);
#else
static_assert(Network<ReLU{}, Shape{3}>::num_parameters == 0);
#endif
