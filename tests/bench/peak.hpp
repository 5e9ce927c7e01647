// The ceilings of one core: what its registers can multiply and add, what its memory can move.
#pragma once
#include <cstddef>

namespace bench {

// The SIMD target that Highway chooses here, as the library does.
const char* simd_target();

// fp32 FLOP/s of a loop of independent multiply-adds in registers: the best of many short runs,
// measured once.
double fma_peak();

// Bytes read and written a second by a copy that is far larger than the caches, measured once.
double copy_bandwidth();

}  // namespace bench
