// Contracts: what a caller promises and a type can't say, such as that a batch is no larger than
// planned. A debug build checks them; a release has neither their code nor their sentences.
#pragma once
#include <etch/compiler.hpp>

#include <cstddef>
#include <cstdint>

// As assert: checked without NDEBUG. -DETCH_CONTRACTS=1 or =0 decides otherwise. All files of a
// program must agree, since the templates that check are shared between them.
#if defined(ETCH_CONTRACTS) ? ETCH_CONTRACTS : !defined(NDEBUG)
#define ETCH_CHECKS_CONTRACTS true
#else
#define ETCH_CHECKS_CONTRACTS false
#endif

#if defined(__unix__) || defined(__APPLE__) || defined(_WIN32)
#include <cstdio>
#include <cstdlib>
#endif

namespace etch {

// Whether this program checks contracts: without NDEBUG, or as -DETCH_CONTRACTS says.
inline constexpr bool checks_contracts = ETCH_CHECKS_CONTRACTS;
#undef ETCH_CHECKS_CONTRACTS

// What contract_handler is told.
struct BrokenContract {
  const char* sentence;  // "Trainer: a batch must have at most Training::batch images"
  double found, wanted;  // the numbers that it compares, in its order
  const char* layer;     // whose step broke it, or null
};

// The handler that there is at first: prints to stderr and aborts, or traps where there is no
// operating system.
inline void report_contract(const BrokenContract& broken) {
#if defined(__unix__) || defined(__APPLE__) || defined(_WIN32)
  std::fprintf(stderr, "etch: %s (%.15g and %.15g)%s%s\n", broken.sentence, broken.found,
               broken.wanted, broken.layer != nullptr ? ": " : "",
               broken.layer != nullptr ? broken.layer : "");
  std::abort();
#else
  static_cast<void>(broken);
  __builtin_trap();
#endif
}

// What is called for a broken contract. A program may put a function of its own here, before it
// makes threads. It ends the program, leaves by an exception or a jump, or starts the board anew:
// after a return there is a trap.
//
//   etch::contract_handler = [](const etch::BrokenContract& broken) { log(broken.sentence);
//   reset(); };
inline void (*contract_handler)(const BrokenContract&) = report_contract;

// Calls contract_handler, and traps where that returns. `layer` may be null.
[[noreturn, gnu::cold, gnu::noinline]] inline void break_contract(const char* sentence,
                                                                  double found, double wanted,
                                                                  const char* layer = nullptr) {
  contract_handler({sentence, found, wanted, layer});
  __builtin_trap();
}

// Breaks a contract where `holds` is false and contracts are checked; else there is no code.
template <class A, class B>
[[gnu::always_inline]] inline void must(bool holds, const char* sentence, A found, B wanted) {
  if constexpr (checks_contracts) {
    if (!holds) break_contract(sentence, static_cast<double>(found), static_cast<double>(wanted));
  }
}

// Breaks a contract where an address isn't a multiple of `alignment` bytes; null is aligned.
// Inline, for a reference's sake: what it refers to may not have a value yet.
[[gnu::always_inline]] inline void must_be_aligned(const void* at, std::size_t alignment,
                                                   const char* sentence) {
  if constexpr (checks_contracts) {
    auto address = reinterpret_cast<std::uintptr_t>(at);
    __asm__("" : "+r"(address));  // a compiler believes a type's alignment, and wouldn't look
    must(address % alignment == 0, sentence, address % alignment, alignment);
  }
}

}  // namespace etch
