// expect: BCEWithLogitsLoss: pos_weight must have one number a channel
// numbers: 3 2
#include <etch/etch.hpp>

using namespace etch;

inline constexpr float numbers[] = {1, 3, 2};
inline constexpr std::span<const float> all = numbers, two = all.first(2);
using N = Network<Linear{.out_features = 2}, Shape{3}>;
#if defined(REJECT)
static_assert(Trainer<N, BCEWithLogitsLoss{.pos_weight = &all}, SGD{}>::parameter_bytes > 0);
#else
static_assert(Trainer<N, BCEWithLogitsLoss{.pos_weight = &two}, SGD{}>::parameter_bytes > 0);
#endif
