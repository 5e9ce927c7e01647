// expect: ParameterGroups: lr must be above 0, since those of the groups follow it
// numbers:
#include <etch/etch.hpp>

using namespace etch;

using N = Network<Linear{.out_features = 2}, Shape{3}>;
#if defined(REJECT)
constexpr ParameterGroups<SGD{.lr = 0}, Group<biases_and_norms, SGD{.lr = 0.1}>> optimizer;
#else
constexpr ParameterGroups<SGD{.lr = 0.1}, Group<biases_and_norms, SGD{.lr = 0}>> optimizer;
#endif
static_assert(Trainer<N, MSELoss{}, optimizer>::parameter_bytes > 0);
