// expect: Inference: a batch must have at most InferenceOptions::batch images
// numbers: 3 2
#include <etch/etch.hpp>

using namespace etch;

using N = Network<Linear{.out_features = 2}, Shape{3}>;
static Parameters<N> parameters;
static Inference<N, InferenceOptions{.batch = 2}> net{parameters};
#if defined(REJECT)
static const float images[9] = {};
float first() { return net.batch(images)[0]; }
#else
static const float images[3] = {};
float first() { return net.batch(images)[0]; }
#endif
