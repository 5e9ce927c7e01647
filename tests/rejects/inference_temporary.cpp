// expect: parameters of a temporary are gone
// numbers:
#include <etch/etch.hpp>

using namespace etch;

using N = Network<Linear{.out_features = 2}, Shape{3}>;
static Parameters<N> parameters;
#if defined(REJECT)
Inference<N> net{Parameters<N>{}};
#else
Inference<N> net{parameters};
#endif
