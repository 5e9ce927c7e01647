// expect: BCEWithLogitsLoss: pos_weight must be finite and at least 0
// numbers:
#include <etch/etch.hpp>

using namespace etch;

inline constexpr float numbers[] = {1, 2}, wrong[] = {1, std::numeric_limits<float>::infinity()};
inline constexpr std::span<const float> weight = numbers, refused = wrong;
using N = Network<Linear{.out_features = 2}, Shape{3}>;
#if defined(REJECT)
static_assert(Trainer<N, BCEWithLogitsLoss{.pos_weight = &refused}, SGD{}>::parameter_bytes > 0);
#else
static_assert(Trainer<N, BCEWithLogitsLoss{.pos_weight = &weight}, SGD{}>::parameter_bytes > 0);
#endif
