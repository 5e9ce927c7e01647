// Recompute: what backward computes once more. A part of schedule.hpp, which includes it.
//
// A block is a stretch of ops that one value alone leads out of. Dropping what is inside costs its
// forward pass once more and frees its bytes for the time between. Early blocks of a network have
// the most bytes for their work, so these are dropped first.
// Chen et al. 2016, https://arxiv.org/abs/1604.06174
#pragma once
#include <etch/schedule.hpp>

namespace etch {

// Calls visit(index, first op, last op) for each block; returns how many they are. Elementwise ops
// after a block belong to it: the value they make is the one that the next block reads.
template <class Visit>
constexpr int Schedule::visit_blocks(const Visit& visit) const {
  int blocks = 0, first = 0, open = value(0).reader;  // until then an earlier value is read
  for (int i = 0; i < graph_.size.ops; ++i) {
    const Op& op = graph_.ops[i];
    if (vanishes(op)) continue;
    const int reader = value(op.y).reader;
    const bool alone = open <= i;
    if (reader > open) open = reader;
    if (!alone || (reader != none && graph_.ops[reader].elementwise)) continue;
    visit(blocks++, first, i);
    first = i + 1;
  }
  return blocks;
}

// What backward needs of the ops in [first, last].
constexpr std::size_t Schedule::block_bytes(int first, int last) const {
  std::size_t bytes = 0;
  for (int i = first; i <= last; ++i) {
    const int y = graph_.ops[i].y;
    if (!vanishes(graph_.ops[i]) && value(y).needed) bytes += graph_.values[y].elements();
  }
  return bytes * batch_ * sizeof(float);
}

// Which blocks are dropped: the first r.blocks_dropped of them, and each stretch of neighbours that
// takes, with all that is kept before it, at most r.limit bytes is recomputed together: what is
// between its blocks isn't kept either. While backward recomputes a late stretch, all earlier kept
// values are still live; for an early stretch few are, so early stretches can be longer.
constexpr void Schedule::mark_blocks() {
  const Recompute& r = options_.recompute;
  if (r.kind == Recompute::elementwise) return;
  std::size_t kept_bytes = 0, stretch = 0;
  int before = none;  // the last op of the block before
  num_blocks_ = visit_blocks([&](int index, int first, int last) {
    if (r.kind == Recompute::to_fit && index >= r.blocks_dropped) return;
    const std::size_t bytes = block_bytes(first, last);
    stretch += bytes;
    if (kept_bytes + stretch > r.limit && before != none) {
      kept_bytes += keep(graph_.ops[before].y);
      stretch = bytes;
    }
    before = last;
  });
  if (before == none) return;
  keep(graph_.ops[before].y);
  for (int i = 0; i <= before; ++i) {
    if (vanishes(graph_.ops[i])) continue;
    ValueState& y = value(graph_.ops[i].y);
    y.dropped = !y.kept;
  }
}

// Returns its bytes.
constexpr std::size_t Schedule::keep(int v) {
  value(v).kept = value(v).needed = true;
  return batch_ * graph_.values[v].elements() * sizeof(float);
}

// The output of an elementwise op is dropped where its input is kept anyway, or can itself be made
// again.
constexpr void Schedule::mark_dropped() {
  if (options_.recompute.kind == Recompute::nothing) return;
  mark_blocks();
  for (int i = 0; i < graph_.size.ops; ++i) {
    const Op& op = graph_.ops[i];
    if (vanishes(op) || !op.elementwise) continue;
    const ValueState& x = value(op.x);
    ValueState& y = value(op.y);
    y.cheap = !y.kept && (x.at == network_input || x.needed || x.cheap);
    y.dropped = y.dropped || y.cheap;
  }
}

// The buffer of a value in the backward pass: the one of forward, or recomputed.
constexpr std::uint32_t Schedule::remade(int v) {
  ValueState& y = value(v);
  if (!y.dropped) return y.at;
  if (y.again != absent) return y.again;
  const Op& op = graph_.ops[y.producer];
  const ValueState& x = value(op.x);
  Step s = step_of(y.producer, StepKind::forward);
  if (s.mode == Mode::train) s.mode = Mode::replay;
  s.x = op.elementwise ? remade(op.x) : remade_for_replay(op.x);
  if (op.skip != none) s.skip = remade_for_replay(op.skip);
  const bool over_input = op.in_place && x.dropped && !x.needed && x.uses == 1;
  s.y = y.again = lies_over_skip(op) ? s.skip : over_input ? s.x : activation(v);
  s.saved = y.saved;
  scratch(s, kernels_of(op).forward_scratch);
  add(s);
  recompute_macs_ += op.macs;
  return y.again;
}

// What is cheap isn't held until its own backward step, but made once more there.
constexpr std::uint32_t Schedule::remade_for_replay(int v) {
  if (!value(v).dropped || !value(v).cheap || value(v).again != absent) return remade(v);
  const std::uint32_t at = remade(v);
  for (int w = v; w != none && value(w).dropped && value(w).cheap;) {
    value(w).again = absent;
    w = graph_.ops[value(w).producer].x;
  }
  return at;
}

// What training with some options would take.
struct RecomputeTrial {
  std::size_t arena_bytes;
  int num_blocks;
};

// The search for the options whose arena fits Recompute::budget: as few blocks dropped as possible,
// in stretches as long as possible. While it isn't done, advance() is told of a trial of `options`;
// ten or so are made. Where nothing fits, it ends at the options that take the least.
struct BudgetSearch {
  enum Phase : unsigned char { first, limit, blocks, done };

  Training options;
  Phase phase = first;
  Recompute best{};
  std::size_t best_bytes = static_cast<std::size_t>(-1);
  int low = 0;

  constexpr explicit BudgetSearch(Training training)
      : options(training), phase(training.recompute.kind == Recompute::to_fit ? first : done) {}

  constexpr BudgetSearch advance(RecomputeTrial trial) const {
    BudgetSearch s = *this;
    s.take(trial);
    return s;
  }

  constexpr void take(RecomputeTrial trial) {
    Recompute& r = options.recompute;
    if (phase == first) {  // nothing dropped but what is cheap
      if (trial.arena_bytes <= r.bytes) return finish(r);
      r.blocks_dropped = trial.num_blocks;
      r.limit = r.bytes;
      phase = limit;
    } else if (phase == limit) {
      find_limit(trial.arena_bytes);
    } else {
      find_blocks(trial.arena_bytes);
    }
  }

  // An arena is a stretch, what is kept before it, and some room: the limit is lowered by what it
  // is over.
  constexpr void find_limit(std::size_t arena) {
    Recompute& r = options.recompute;
    if (arena < best_bytes) {
      best_bytes = arena;
      best = r;
    }
    if (arena > r.bytes && r.limit > 0) {
      const std::size_t over = arena - r.bytes, step = r.bytes / 16;
      const std::size_t less = over > step ? over : step;
      r.limit = r.limit > less ? r.limit - less : 0;
      return;
    }
    r = best;
    if (best_bytes > r.bytes) return finish(best);
    phase = blocks;
    halve();
  }

  // Halves the range of how many must be dropped: best fits, fewer than low don't.
  constexpr void find_blocks(std::size_t arena) {
    if (arena <= options.recompute.bytes) {
      best = options.recompute;
    } else {
      low = options.recompute.blocks_dropped + 1;
    }
    halve();
  }
  constexpr void halve() {
    if (low >= best.blocks_dropped) return finish(best);
    options.recompute.blocks_dropped = (low + best.blocks_dropped) / 2;
  }
  constexpr void finish(Recompute r) {
    options.recompute = r;
    phase = done;
  }
};

}  // namespace etch
