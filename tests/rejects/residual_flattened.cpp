// expect: Residual: body and shortcut must both be flattened, or neither
// numbers: 1 4
#include <etch/etch.hpp>

using namespace etch;

// Features of an image lie in another order than those that a Linear makes.
#if defined(REJECT)
using Net = Network<Sequential<Residual<Flatten{}, Sequential<GlobalAvgPool2d{}, Flatten{},
                                                              Linear{.out_features = 4}>{}>{}>{},
                    Shape{1, 2, 2}>;
#else
using Net = Network<Sequential<Residual<Flatten{}, Flatten{}>{}>{}, Shape{1, 2, 2}>;
#endif
static_assert(Net::output_shape == Shape{4});
