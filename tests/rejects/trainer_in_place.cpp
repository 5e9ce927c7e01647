// expect: Trainer: frozen_in_place needs frozen batch norms: their statistics stay in place
// numbers: 16 0
#include <etch/etch.hpp>

using namespace etch;

inline constexpr BatchNorm1d norm{};
#if defined(REJECT)
using N = Network<Sequential<Frozen<Linear{.out_features = 8}>{}, norm>{}, Shape{3}>;
#else
using N =
    Network<Sequential<Frozen<Linear{.out_features = 8}, norm>{}, Linear{.out_features = 2}>{},
            Shape{3}>;
#endif
static_assert(
    Trainer<N, MSELoss{}, SGD{}, Training{.batch = 2, .frozen_in_place = true}>::parameter_bytes >
    0);
