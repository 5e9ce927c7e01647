// expect: ParameterGroups: all optimizers must have the same number of states
// numbers:
#include <etch/etch.hpp>

using namespace etch;

using N = Network<Linear{.out_features = 2}, Shape{3}>;
#if defined(REJECT)
constexpr ParameterGroups<SGD{.momentum = 0.9}, Group<biases_and_norms, SGD{}>> optimizer;
#else
constexpr ParameterGroups<SGD{.momentum = 0.9}, Group<biases_and_norms, SGD{.momentum = 0.5}>>
    optimizer;
#endif
static_assert(Trainer<N, MSELoss{}, optimizer>::parameter_bytes > 0);
