// expect: Trainer: a batch must have at most Training::batch images
// numbers: 3 2
#include <etch/etch.hpp>

using namespace etch;

using N = Network<Linear{.out_features = 2}, Shape{3}>;
static Trainer<N, MSELoss{}, SGD{}, Training{.batch = 2}> trainer;
#if defined(REJECT)
static const float images[9] = {}, targets[6] = {};
float loss() { return trainer.step(images, targets); }
#else
static const float images[3] = {}, targets[2] = {};
float loss() { return trainer.step(images, targets); }
#endif
