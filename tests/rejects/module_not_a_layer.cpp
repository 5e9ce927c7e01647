// expect: Module: this layer has no specialisation of etch::Module
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
