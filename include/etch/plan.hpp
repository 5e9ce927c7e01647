// The plan: from the buffers' lifetimes to their offsets in the arena.
#pragma once
#include <etch/program.hpp>

namespace etch {

// A stretch of the arena that lives from its first step to its last.
struct Buffer {
  std::size_t bytes = 0;
  int first = -1, last = -1;  // steps; -1: never touched
  std::size_t offset = 0;     // bytes
};

// Buffers begin on a cache line of the widest vector there is.
inline constexpr std::size_t buffer_alignment = 64;
constexpr std::size_t aligned(std::size_t bytes) {
  return (bytes + buffer_alignment - 1) / buffer_alignment * buffer_alignment;
}

struct Peak {
  std::size_t arena_bytes = 0;  // the end of the highest buffer
  std::size_t live_bytes = 0;   // the most that lives at one step: no plan can be smaller
  int step = 0;                 // that step
};

// The arena's free space: gaps in the order of their offsets, the last one endless. They stay few
// (a dozen for ResNet-152), so that planning is near linear in the number of buffers: the
// compiler's constexpr limits ask for that.
class FreeSpace {
 public:
  // Best fit: the smallest gap that holds it, at its lower end.
  constexpr std::size_t take(std::size_t bytes) {
    int best = size_ - 1;
    for (int i = 0; i < size_ - 1; ++i) {
      if (gaps_[i].bytes >= bytes && gaps_[i].bytes < gaps_[best].bytes) best = i;
    }
    const std::size_t at = gaps_[best].at;
    gaps_[best].at += bytes;
    gaps_[best].bytes -= bytes;
    if (gaps_[best].bytes == 0) remove(best);
    return at;
  }

  constexpr void give(std::size_t at, std::size_t bytes) {
    int i = 0;
    while (gaps_[i].at < at) ++i;
    const bool joins_next = at + bytes == gaps_[i].at;
    const bool joins_previous = i > 0 && gaps_[i - 1].at + gaps_[i - 1].bytes == at;
    if (joins_next) {
      gaps_[i].at = at;
      gaps_[i].bytes += i == size_ - 1 ? 0 : bytes;
      if (joins_previous) {
        gaps_[i].at = gaps_[i - 1].at;
        gaps_[i].bytes += i == size_ - 1 ? 0 : gaps_[i - 1].bytes;
        remove(i - 1);
      }
    } else if (joins_previous) {
      gaps_[i - 1].bytes += bytes;
    } else {
      insert(i, {at, bytes});
    }
  }

 private:
  struct Gap {
    std::size_t at, bytes;
  };
  static constexpr int capacity = 256;

  constexpr void remove(int i) {
    --size_;
    for (; i < size_; ++i) gaps_[i] = gaps_[i + 1];
  }
  constexpr void insert(int i, Gap gap) {
    // Out of gaps: the space is lost to the plan, never used twice.
    if (size_ == capacity) return;
    for (int j = size_; j > i; --j) gaps_[j] = gaps_[j - 1];
    gaps_[i] = gap;
    ++size_;
  }

  Gap gaps_[capacity] = {{0, static_cast<std::size_t>(-1)}};
  int size_ = 1;
};

// Gives every buffer its offset. `starts` and `ends` (num_steps + 1 each) and `next` (2 *
// num_buffers) are working space: lists of the buffers that begin and end at each step.
//
// A buffer is placed when its first step comes, best fit, and its space is free again after its
// last. The honest limit: an online plan can leave gaps that an exhaustive search would not; the
// difference from Peak::live_bytes, the bound, is in the tests for every model.
constexpr Peak assign_offsets(Buffer* buffers, int num_buffers, int num_steps, int* starts,
                              int* ends, int* next) {
  for (int i = 0; i <= num_steps; ++i) starts[i] = ends[i] = -1;
  for (int b = num_buffers - 1; b >= 0; --b) {
    if (buffers[b].first < 0) continue;
    next[b] = starts[buffers[b].first];
    starts[buffers[b].first] = b;
    next[num_buffers + b] = ends[buffers[b].last + 1];
    ends[buffers[b].last + 1] = b;
  }
  Peak peak;
  FreeSpace space;
  std::size_t live = 0;
  for (int step = 0; step < num_steps; ++step) {
    for (int b = ends[step]; b >= 0; b = next[num_buffers + b]) {
      space.give(buffers[b].offset, aligned(buffers[b].bytes));
      live -= buffers[b].bytes;
    }
    for (int b = starts[step]; b >= 0; b = next[b]) {
      buffers[b].offset = space.take(aligned(buffers[b].bytes));
      const std::size_t end = buffers[b].offset + buffers[b].bytes;
      if (end > peak.arena_bytes) peak.arena_bytes = end;
      live += buffers[b].bytes;
    }
    if (live > peak.live_bytes) {
      peak.live_bytes = live;
      peak.step = step;
    }
  }
  return peak;
}

}  // namespace etch
