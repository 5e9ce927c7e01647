// etch in a sketch: headers alone, plain C++ for the FPU of a microcontroller. The board's C++ must
// be C++20: compiler.cpp.extra_flags=-std=gnu++20 in platform.local.txt.
#pragma once
#if __cplusplus < 202002L
#error "etch needs C++20: compiler.cpp.extra_flags=-std=gnu++20 in the board's platform.local.txt"
#endif

#ifndef ETCH_HEADER_ONLY
#define ETCH_HEADER_ONLY
#endif
#ifndef HWY_COMPILE_ONLY_SCALAR
#define HWY_COMPILE_ONLY_SCALAR
#endif

// Some cores have macros of these names, which the C++ library's functions have too.
#pragma push_macro("abs")
#pragma push_macro("max")
#pragma push_macro("min")
#pragma push_macro("round")
#undef abs
#undef max
#undef min
#undef round

#include <etch/etch.hpp>
#include <etch/models/lenet.hpp>
#include <etch/models/resnet8.hpp>

#pragma pop_macro("abs")
#pragma pop_macro("max")
#pragma pop_macro("min")
#pragma pop_macro("round")
