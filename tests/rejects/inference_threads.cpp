// expect: Inference: threads must be at least 1
// numbers: 0 1
#include <etch/etch.hpp>

using namespace etch;

#if defined(REJECT)
using N = Network<ReLU{}, Shape{3}>;
static_assert(Inference<N, InferenceOptions{.threads = 0}>::arena_bytes < 99);
#else
using N = Network<ReLU{}, Shape{3}>;
static_assert(Inference<N, InferenceOptions{.threads = 1}>::arena_bytes < 99);
#endif
