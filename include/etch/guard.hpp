// The guard of an arena: finds the step that writes outside of its buffers, and makes reads of what
// is no longer there, or not yet, show as NaN. InferenceOptions::guarded, Training::guarded.
#pragma once
#include <etch/contract.hpp>
#include <etch/graph.hpp>
#include <etch/plan.hpp>

#include <algorithm>

namespace etch {

// As a float NaN, as an index none.
inline constexpr std::byte poison_byte{0xff};

// What belongs to no living buffer is NaN: zones of guard_zone bytes on both sides of every buffer,
// what has not come to life, and what is dead. A step that changes a byte of it breaks a contract,
// whether contracts are checked or not: the sentence has the step's number, the place in the arena
// and the layer. An operand that is larger than the batch needs isn't watched.
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

// Room beside a guarded trainer's parameters and gradients.
template <bool guarded, int number>
struct Zone {};
template <int number>
struct Zone<true, number> {
  alignas(buffer_alignment) std::byte bytes[guard_zone];
  Zone() { std::fill_n(bytes, guard_zone, poison_byte); }
};

// What lies on both sides of a tensor's numbers, in a zone or of another tensor: guard_zone bytes,
// which a step that writes to the tensor leaves as they were. Of no numbers it watches nothing.
class Neighbours {
 public:
  Neighbours(const float* numbers, std::size_t count)
      : at_(reinterpret_cast<const std::byte*>(numbers)), bytes_(count * sizeof(float)) {
    if (bytes_ == 0) return;
    std::copy_n(at_ - guard_zone, guard_zone, before_);
    std::copy_n(at_ + bytes_, guard_zone, after_);
  }

  void check(std::size_t step, const char* layer) const {
    if (bytes_ == 0) return;
    check(step, layer, before_, at_ - guard_zone);
    check(step, layer, after_, at_ + bytes_);
  }

 private:
  void check(std::size_t step, const char* layer, const std::byte* was, const std::byte* is) const {
    const std::byte* written = std::mismatch(was, was + guard_zone, is).second;
    if (written == is + guard_zone) return;
    break_contract(
        "Guard: a step must write to its own parameters and gradients alone: its number, the byte "
        "from their begin",
        static_cast<double>(step), static_cast<double>(written - at_), layer);
  }

  const std::byte* at_;
  std::size_t bytes_;
  std::byte before_[guard_zone], after_[guard_zone];
};

}  // namespace etch
