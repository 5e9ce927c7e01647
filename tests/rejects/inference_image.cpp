// expect: no match
// numbers:
#include <etch/etch.hpp>

using namespace etch;

using N = Network<Linear{.out_features = 2}, Shape{3}>;
static Parameters<N> parameters;
static Inference<N> net{parameters};
#if defined(REJECT)
static const float image[2] = {};
float first() { return net(image)[0]; }
#else
static const float image[3] = {};
float first() { return net(image)[0]; }
#endif
