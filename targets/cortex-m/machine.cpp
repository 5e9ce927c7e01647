// What the programs ask of their machine, on a Cortex-M: semihosting and SysTick.
#include "../programs/machine.hpp"

#include "semihosting.hpp"

// Of the counter of instructions: the clock of SysTick in Hz, see instructions().
#if !defined(ETCH_TICKS_PER_SECOND)
#error "ETCH_TICKS_PER_SECOND: the target's cross file says the rate of SysTick"
#endif

extern "C" void SysTick_Handler();

namespace {

volatile std::uint32_t& control = *reinterpret_cast<volatile std::uint32_t*>(0xe000e010);
volatile std::uint32_t& reload = *reinterpret_cast<volatile std::uint32_t*>(0xe000e014);
volatile std::uint32_t& current = *reinterpret_cast<volatile std::uint32_t*>(0xe000e018);
constexpr std::uint32_t period = 1u << 24;
volatile std::uint32_t periods = 0;

void start_counter() {
  reload = period - 1;
  current = 0;
  control = 0b111;  // processor clock, interrupt, enable
}

}  // namespace

// SysTick has 24 bits: its wraps are counted.
void SysTick_Handler() { periods = periods + 1; }

namespace machine {

void write(const char* text) { semihosting::write(text); }

bool read_file(const char* path, std::size_t offset, void* to, std::size_t bytes) {
  return semihosting::read(path, offset, to, bytes);
}

// QEMU with `-icount shift=6` advances time by 64 ns an instruction, so that SysTick counts
// instructions, exact to one tick. On a board the same ticks are clock cycles.
std::uint64_t instructions() {
  if ((control & 1) == 0) start_counter();
  std::uint32_t before = periods, low = period - 1 - current;
  if (before != periods) {
    before = periods;
    low = period - 1 - current;
  }
  const std::uint64_t ticks = std::uint64_t{before} * period + low;
  constexpr std::uint64_t instructions_per_second = 15'625'000;
  return ticks * instructions_per_second / ETCH_TICKS_PER_SECOND;
}

std::size_t stack_used() { return ::stack_used(); }

}  // namespace machine
