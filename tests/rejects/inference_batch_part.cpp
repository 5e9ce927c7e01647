// expect: Inference: a batch must hold whole images of input_size
// numbers: 1 0
#include <etch/etch.hpp>

using namespace etch;

using N = Network<Linear{.out_features = 2}, Shape{3}>;
static Parameters<N> parameters;
static Inference<N, InferenceOptions{.batch = 2}> net{parameters};
#if defined(REJECT)
static const float images[4] = {};
float first() { return net.batch(images)[0]; }
#else
static const float images[6] = {};
float first() { return net.batch(images)[0]; }
#endif
