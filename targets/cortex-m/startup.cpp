// Start-up of a Cortex-M: vectors, FPU, .data and .bss, constructors, main; and faults that end
// the emulator with a status.
#include "semihosting.hpp"

#include <cstddef>
#include <cstdint>

extern "C" {
extern std::uint32_t __stack_limit[], __stack_top[], __data_start[], __data_end[], __data_load[],
    __bss_start[], __bss_end[];
using Constructor = void (*)();
extern Constructor __init_array_start[], __init_array_end[];

[[noreturn]] void Reset_Handler();
[[noreturn]] void start();
[[noreturn]] void fail(const char* text);
void SysTick_Handler();
}

// ISO C++ forbids that a program calls main by its name.
int program() __asm__("main");

namespace {

constexpr std::uint32_t paint = 0xa5a5a5a5;

void copy(std::uint32_t* to, const std::uint32_t* end, const std::uint32_t* from) {
  while (to < end) *to++ = *from++;
}
// Volatile, so that it isn't made into a call of memset, which would lie on what is painted.
void fill(volatile std::uint32_t* to, const volatile std::uint32_t* end, std::uint32_t value) {
  while (to < end) *to++ = value;
}

}  // namespace

// ARMv8-M checks the stack pointer against a limit of its own.
#if defined(__ARM_ARCH_8M_MAIN__) || defined(__ARM_ARCH_8_1M_MAIN__)
static void set_stack_limit() { __asm__ volatile("msr msplim, %0" ::"r"(__stack_limit)); }
#define NO_STACK_LIMIT "movs r1, #0\n msr msplim, r1\n"
#else
static void set_stack_limit() {}
#define NO_STACK_LIMIT ""
#endif

void start() {
  set_stack_limit();
  copy(__data_start, __data_end, __data_load);
  fill(__bss_start, __bss_end, 0);
  // The stack below this function: machine::stack_used() looks how far down it was written.
  const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  fill(__stack_limit, reinterpret_cast<std::uint32_t*>(here - 64), paint);
  for (Constructor* c = __init_array_start; c < __init_array_end; ++c) (*c)();
  semihosting::exit(program());
}

void fail(const char* text) {
  semihosting::write(text);
  semihosting::exit(126);
}

std::size_t stack_used() {
  const std::uint32_t* p = __stack_limit;
  while (p < __stack_top && *p == paint) ++p;
  return reinterpret_cast<std::uintptr_t>(__stack_top) - reinterpret_cast<std::uintptr_t>(p);
}

// CPACR: full access to the FPU and the vector unit, before any compiled function uses them.
__attribute__((naked)) void Reset_Handler() {
  __asm__ volatile(
#if defined(__ARM_FP) || defined(__ARM_FEATURE_MVE)
      "ldr r0, =0xe000ed88\n ldr r1, [r0]\n orr r1, r1, #0xf00000\n str r1, [r0]\n dsb\n isb\n"
#endif
      "ldr r0, =start\n bx r0\n");
}

// A fault may be a stack overflow: it takes a fresh stack first.
extern "C" {
extern const char fault_text[] __attribute__((used)) = "FATAL: fault\n";
extern const char stray_text[] __attribute__((used)) = "FATAL: unexpected exception\n";
}
__attribute__((naked)) static void fault() {
  __asm__ volatile(NO_STACK_LIMIT
                   "ldr r1, =__stack_top\n mov sp, r1\n ldr r0, =fault_text\n"
                   "ldr r1, =fail\n bx r1\n");
}
__attribute__((naked)) static void stray() {
  __asm__ volatile(NO_STACK_LIMIT
                   "ldr r1, =__stack_top\n mov sp, r1\n ldr r0, =stray_text\n"
                   "ldr r1, =fail\n bx r1\n");
}

__attribute__((weak)) void SysTick_Handler() {}

// The first word is the initial stack pointer, then the handlers.
struct Vectors {
  std::uint32_t* stack;
  void (*handler[15])();
};
extern const Vectors vectors;
__attribute__((used, section(".vectors")))
const Vectors vectors = {__stack_top,
                         {Reset_Handler, stray, fault, fault, fault, fault, stray, stray, stray,
                          stray, stray, stray, stray, stray, SysTick_Handler}};
