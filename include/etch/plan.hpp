// The plan: from the buffers' lifetimes to their offsets in the arena.
#pragma once
#include <etch/program.hpp>

namespace etch {

// A stretch of the arena that lives from its first step to its last.
struct Buffer {
  std::size_t bytes = 0;      // without alignment
  int first = -1, last = -1;  // steps; -1: never touched
  std::size_t offset = 0;     // bytes
};

// Buffers begin on a cache line of the widest vector there is.
inline constexpr std::size_t buffer_alignment = 64;
// Bytes with the alignment behind them.
constexpr std::size_t aligned(std::size_t bytes) {
  return (bytes + buffer_alignment - 1) / buffer_alignment * buffer_alignment;
}

// What a guarded program keeps free on both sides of a buffer.
inline constexpr std::size_t guard_zone = buffer_alignment;

// How much memory a plan takes.
struct Peak {
  std::size_t arena_bytes = 0;  // the end of the highest buffer
  std::size_t live_bytes = 0;   // the most that lives at one step: no plan can be smaller
  int step = 0;                 // that step
};

// Internal: the arena's free space, gaps in the order of their offsets, the last one endless. They
// stay few (a dozen for ResNet-152), so that planning is near linear in the number of buffers: the
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

// Internal: working space of a plan, `starts` and `ends` (num_steps + 1 each) and `next` (2 *
// num_buffers).
struct PlanTables {
  int* starts;
  int* ends;
  int* next;
};

// Internal: places a buffer when its first step comes, best fit; its space is free again after its
// last. Near perfect for training, where most of what forward keeps is given back in reverse order.
constexpr Peak assign_in_time(Buffer* buffers, int num_buffers, int num_steps, PlanTables t) {
  for (int i = 0; i <= num_steps; ++i) t.starts[i] = t.ends[i] = -1;
  for (int b = num_buffers - 1; b >= 0; --b) {
    if (buffers[b].first < 0) continue;
    t.next[b] = t.starts[buffers[b].first];
    t.starts[buffers[b].first] = b;
    t.next[num_buffers + b] = t.ends[buffers[b].last + 1];
    t.ends[buffers[b].last + 1] = b;
  }
  Peak peak;
  FreeSpace space;
  std::size_t live = 0;
  for (int step = 0; step < num_steps; ++step) {
    for (int b = t.ends[step]; b >= 0; b = t.next[num_buffers + b]) {
      space.give(buffers[b].offset, aligned(buffers[b].bytes));
      live -= buffers[b].bytes;
    }
    for (int b = t.starts[step]; b >= 0; b = t.next[b]) {
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

// Internal: places the largest buffer first, each at the lowest offset that is free for all its
// life; the order of TensorFlow Lite Micro's planner. Meets the bound for ResNet's inference, where
// placing in time leaves holes. Quadratic, so it isn't for the thousand buffers of training.
// With a step, what lives there goes first: at the peak it then lies without a hole.
class PlanBySize {
 public:
  // `order` and `placed` hold num_buffers each: the buffers by size, and by offset.
  constexpr PlanBySize(Buffer* buffers, int num_buffers, int* order, int* placed, int step = -1)
      : buffers_(buffers), order_(order), placed_(placed), step_(step) {
    for (int b = 0; b < num_buffers; ++b) {
      if (buffers[b].first >= 0) order_[size_++] = b;
    }
    sort();
  }

  constexpr std::size_t assign() {
    std::size_t arena = 0;
    for (int i = 0; i < size_; ++i) {
      Buffer& b = buffers_[order_[i]];
      b.offset = lowest(b, i);
      insert(order_[i], i);
      if (b.offset + b.bytes > arena) arena = b.offset + b.bytes;
    }
    return arena;
  }

 private:
  constexpr bool lives(int b) const {
    return buffers_[b].first <= step_ && step_ <= buffers_[b].last;
  }
  constexpr bool before(int a, int b) const {
    if (lives(a) != lives(b)) return lives(a);
    if (buffers_[a].bytes != buffers_[b].bytes) return buffers_[a].bytes > buffers_[b].bytes;
    return buffers_[a].first < buffers_[b].first;
  }
  constexpr void sort() {  // shell sort
    for (int gap = size_ / 2; gap > 0; gap /= 2) {
      for (int i = gap; i < size_; ++i) {
        const int b = order_[i];
        int j = i;
        for (; j >= gap && before(b, order_[j - gap]); j -= gap) {
          order_[j] = order_[j - gap];
        }
        order_[j] = b;
      }
    }
  }
  constexpr std::size_t lowest(const Buffer& b, int num_placed) const {
    const std::size_t bytes = aligned(b.bytes);
    std::size_t at = 0;
    for (int i = 0; i < num_placed; ++i) {
      const Buffer& other = buffers_[placed_[i]];
      if (other.last < b.first || other.first > b.last) continue;
      if (other.offset >= at + bytes) break;
      const std::size_t end = other.offset + aligned(other.bytes);
      if (end > at) at = end;
    }
    return at;
  }
  constexpr void insert(int b, int num_placed) {
    int i = num_placed;
    for (; i > 0 && buffers_[placed_[i - 1]].offset > buffers_[b].offset; --i) {
      placed_[i] = placed_[i - 1];
    }
    placed_[i] = b;
  }

  Buffer* buffers_;
  int* order_;
  int* placed_;
  int step_;
  int size_ = 0;
};

// Internal: gives every buffer its offset, in time, and by size too, in two orders, where that
// leaves a hole and the buffers are few enough for the compiler.
constexpr Peak assign_offsets(Buffer* buffers, int num_buffers, int num_steps, PlanTables t) {
  constexpr int few = 512;
  Peak peak = assign_in_time(buffers, num_buffers, num_steps, t);
  if (num_buffers > few || peak.arena_bytes <= peak.live_bytes + peak.live_bytes / 64) return peak;
  const auto by_size = [&](int step) {
    return PlanBySize(buffers, num_buffers, t.next, t.next + num_buffers, step).assign();
  };
  const std::size_t around_peak = by_size(peak.step), plain = by_size(-1);
  if (peak.arena_bytes <= (plain < around_peak ? plain : around_peak)) {
    return assign_in_time(buffers, num_buffers, num_steps, t);
  }
  peak.arena_bytes = plain <= around_peak ? plain : by_size(peak.step);
  return peak;
}

}  // namespace etch
