// A pointer's step that the compiler can't foresee.
#pragma once
#include <hwy/base.h>
#include <etch/compiler.hpp>

#include <cstddef>

namespace etch::kernels {

// x += step. g++ 12 at -O3 vectorises a plain loop that reads two floats and steps, by loading the
// next step's two as well: after the last step that is beyond the tensor's end, where a page may
// be missing. (Only x86 without SIMD types is affected; elsewhere the addition stays as it is.)
HWY_INLINE void advance(const float*& x, std::size_t step) {
  x += step;
#if HWY_ARCH_X86 && HWY_COMPILER_GCC_ACTUAL
  asm("" : "+r"(x));
#endif
}

}  // namespace etch::kernels
