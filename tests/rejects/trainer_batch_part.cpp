// expect: Trainer: a batch must hold whole images of input_size
// numbers: 1 0
#include <etch/etch.hpp>

using namespace etch;

using N = Network<Linear{.out_features = 2}, Shape{3}>;
static Trainer<N, MSELoss{}, SGD{}, Training{.batch = 2}> trainer;
#if defined(REJECT)
static const float images[4] = {}, targets[2] = {};
float loss() { return trainer.step(images, targets); }
#else
static const float images[6] = {}, targets[4] = {};
float loss() { return trainer.step(images, targets); }
#endif
