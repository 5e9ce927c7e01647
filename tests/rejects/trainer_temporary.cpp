// expect: parameters of a temporary are gone
// numbers:
#include <etch/etch.hpp>

using namespace etch;

using N = Network<Linear{.out_features = 2}, Shape{3}>;
static Parameters<N> parameters;
using T = Trainer<N, MSELoss{}, SGD{}, Training{.frozen_in_place = true}>;
#if defined(REJECT)
T trainer{Parameters<N>{}};
#else
T trainer{parameters};
#endif
