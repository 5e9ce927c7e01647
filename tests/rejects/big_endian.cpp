// expect: etch is for little-endian machines
// numbers:
#define ETCH_HEADER_ONLY
#define HWY_COMPILE_ONLY_SCALAR
#if defined(REJECT)
#undef __BYTE_ORDER__
#define __BYTE_ORDER__ __ORDER_BIG_ENDIAN__
#endif
#include <etch/etch.hpp>
