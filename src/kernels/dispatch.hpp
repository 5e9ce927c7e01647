// How a kernel that is compiled once for every SIMD target becomes one function: used at the end
// of a .cpp that went through hwy/foreach_target.h. The target is chosen at the first call.
#pragma once
#include <hwy/highway.h>

#define ETCH_KERNEL(name, Arguments) \
  HWY_EXPORT(name);                  \
  void name(const Arguments& a) { HWY_DYNAMIC_DISPATCH(name)(a); }
