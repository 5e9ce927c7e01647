// What etch asks of the compiler, before anything else is read: C++20, little-endian numbers, and
// in header-only builds the one SIMD target that the flags name.
#pragma once
#if __cplusplus < 202002L
#error "etch needs C++20: compile with -std=c++20"
#include <nothing after this is compiled>  // #error alone is followed by hundreds more
#endif

// Files are little-endian, and no test runs the rest on another machine.
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "etch is for little-endian machines"
#include <nothing after this is compiled>
#endif

#if defined(ETCH_HEADER_ONLY)
// Highway otherwise looks for targets to choose from at run time, and refuses flags that name a
// better one than those (-march=icelake-server).
#if !defined(HWY_COMPILE_ONLY_SCALAR) && !defined(HWY_COMPILE_ONLY_EMU128) && \
    !defined(HWY_COMPILE_ONLY_STATIC)
#define HWY_COMPILE_ONLY_STATIC
#endif
// AVX2 without AES (-march=x86-64-v3, haswell) is AVX2 here, where nothing is encrypted; Highway
// would take SSSE3.
#if defined(__AVX2__) && !(defined(__AES__) && defined(__PCLMUL__)) && \
    !defined(HWY_DISABLE_PCLMUL_AES)
#define HWY_DISABLE_PCLMUL_AES
#endif
#include <hwy/detect_targets.h>
#if !defined(HWY_COMPILE_ONLY_SCALAR) && !defined(ETCH_ALLOW_SCALAR) && \
    (HWY_STATIC_TARGET == HWY_SCALAR || HWY_STATIC_TARGET == HWY_EMU128)
// A warning would stop builds with -Werror.
#pragma message(                                                                  \
    "etch: no flag names a SIMD target (as -march=native does): the kernels are " \
    "scalar, up to ten times slower; -DETCH_ALLOW_SCALAR silences this")
#endif
#endif
