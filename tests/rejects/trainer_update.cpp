// expect: Trainer: update() needs Update::accumulate
// numbers:
#include <etch/etch.hpp>

using namespace etch;

#if defined(REJECT)
using N = Network<Linear{.out_features = 2}, Shape{3}>;
using T = Trainer<N, MSELoss{}, SGD{}, Training{.update = Update::fused}>;
void use(T& t, std::span<const float> x) { static_cast<void>(x), t.update(); }
#else
using N = Network<Linear{.out_features = 2}, Shape{3}>;
using T = Trainer<N, MSELoss{}, SGD{}, Training{.update = Update::accumulate}>;
void use(T& t, std::span<const float> x) { static_cast<void>(x), t.update(); }
#endif
