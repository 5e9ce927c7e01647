// expect: CrossEntropyLoss: label_smoothing must be at most 1
// numbers:
#include <etch/etch.hpp>

using namespace etch;

using N = Network<Linear{.out_features = 2}, Shape{3}>;
#if defined(REJECT)
static_assert(Trainer<N, CrossEntropyLoss{.label_smoothing = 1.5f}, SGD{}>::parameter_bytes > 0);
#else
static_assert(Trainer<N, CrossEntropyLoss{.label_smoothing = 1}, SGD{}>::parameter_bytes > 0);
#endif
