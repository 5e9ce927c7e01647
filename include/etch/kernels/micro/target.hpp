// Which registers a microcontroller's tiles of sums are in: Helium's (M-profile Vector Extension
// with floats: Cortex-M55, M85) or the FPU's.
#pragma once

#if defined(__ARM_FEATURE_MVE) && (__ARM_FEATURE_MVE & 2)
#include <etch/kernels/micro/helium_sums-inl.hpp>
#else
#include <etch/kernels/micro/sums.hpp>
#endif
