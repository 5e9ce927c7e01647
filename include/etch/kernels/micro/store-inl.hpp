// Stores a tile's sums, with vectors or without: see target.hpp.
#pragma once

#if defined(__ARM_FEATURE_MVE) && (__ARM_FEATURE_MVE & 2)
#include <etch/kernels/micro/helium_store-inl.hpp>
#else
#include <etch/kernels/micro/fpu_store-inl.hpp>
#endif
