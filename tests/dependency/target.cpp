// Compiles where header-only kernels run on the SIMD target TARGET.
#include <etch/compiler.hpp>

static_assert(HWY_STATIC_TARGET == TARGET);
