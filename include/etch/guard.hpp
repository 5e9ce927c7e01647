// The guard of an arena: finds the step that writes outside of its buffers, and makes reads of what
// is no longer there, or not yet, show as NaN. InferenceOptions::guarded, Training::guarded.
#pragma once
#include <etch/contract.hpp>
#include <etch/graph.hpp>
#include <etch/plan.hpp>

#include <algorithm>

namespace etch {

// What belongs to no living buffer is NaN: zones of guard_zone bytes on both sides of every buffer,
// what has not come to life, and what is dead. A step that changes a byte of it breaks a contract,
// whether contracts are checked or not: the sentence has the step's number, the place in the arena
// and the layer. An operand that is larger than the batch needs, and parameters, aren't watched.
class Guard {
 public:
  struct Tables {
    const Buffer* buffers;  // by their offsets
    std::size_t num_buffers;
    const Step* steps;
    std::size_t num_steps;
    const Op* ops;
    std::size_t arena_bytes;
  };

  Guard(const Tables& tables, std::byte* arena) : t_(tables), arena_(arena) {
    poison(0, t_.arena_bytes);
  }

  void check(std::size_t step) const {
    std::size_t free_from = 0;
    for (std::size_t b = 0; b < t_.num_buffers; ++b) {
      const Buffer& buffer = t_.buffers[b];
      if (!lives(buffer, step)) continue;
      check(step, free_from, buffer.offset);
      free_from = buffer.offset + buffer.bytes;
    }
    check(step, free_from, t_.arena_bytes);
    for (std::size_t b = 0; b < t_.num_buffers && step + 1 < t_.num_steps; ++b) {
      const Buffer& buffer = t_.buffers[b];
      if (buffer.last == static_cast<int>(step)) poison(buffer.offset, buffer.bytes);
    }
  }

 private:
  // As a float NaN, as an index none.
  static constexpr std::byte poison_byte{0xff};

  static bool lives(const Buffer& b, std::size_t step) {
    return b.first <= static_cast<int>(step) && static_cast<int>(step) <= b.last;
  }
  void poison(std::size_t at, std::size_t bytes) const {
    std::fill_n(arena_ + at, bytes, poison_byte);
  }

  void check(std::size_t step, std::size_t begin, std::size_t end) const {
    const std::byte* written =
        std::find_if(arena_ + begin, arena_ + end, [](std::byte b) { return b != poison_byte; });
    if (written == arena_ + end) return;
    const int op = t_.steps[step].op;
    break_contract(
        "Guard: a step must write to its buffers alone: its number, the byte of the arena",
        static_cast<double>(step), static_cast<double>(written - arena_),
        op < 0 ? "the loss" : t_.ops[op].kind);
  }

  Tables t_;
  std::byte* arena_;
};

}  // namespace etch
