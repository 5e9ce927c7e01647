// expect: and so is what was learned
// numbers:
#include <etch/etch.hpp>

using namespace etch;

using N = Network<Linear{.out_features = 2}, Shape{3}>;
static Parameters<N> parameters;
static Learned<N> learned;
#if defined(REJECT)
Inference<N> net{parameters, Learned<N>{}};
#else
Inference<N> net{parameters, learned};
#endif
