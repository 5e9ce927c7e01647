// expect: Trainer: threads must be at least 1
// numbers: 0 1
#include <etch/etch.hpp>

using namespace etch;

#if defined(REJECT)
using N = Network<Linear{.out_features = 2}, Shape{3}>;
static_assert(Trainer<N, MSELoss{}, SGD{}, Training{.threads = 0}>::gradient_bytes > 0);
#else
using N = Network<Linear{.out_features = 2}, Shape{3}>;
static_assert(Trainer<N, MSELoss{}, SGD{}, Training{.threads = 1}>::gradient_bytes > 0);
#endif
