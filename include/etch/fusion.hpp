// Fusion: in inference a convolution takes the norm, the sum and the ReLU after it into the store
// of its sums. A part of schedule.hpp, which includes it.
#pragma once
#include <etch/schedule.hpp>

namespace etch {

// What follows a convolution is fused into it, as long as nobody else reads what is between.
constexpr void Schedule::fuse(Step& s) {
  if (graph_.ops[s.op].fusion != Fusion::takes) return;
  while (fuse_next(s)) {
  }
}

constexpr bool Schedule::fuse_next(Step& s) {
  const int v = graph_.ops[s.last].y;
  if (value(v).uses != 1 || value(v).reader == none || s.relu) return false;
  const int i = value(v).reader;
  const Op& next = graph_.ops[i];
  if (next.skip != none) {
    if (next.join != Join::sum || !fuse_sum(s, next, v)) return false;
  } else if (takes_norm(s, next)) {
    fold(s, i);
  } else if (next.fusion == Fusion::relu) {
    s.relu = true;
  } else {
    return false;
  }
  value(next.y).fused = true;
  s.last = static_cast<std::int16_t>(i);
  return true;
}

// Of the convolution's channels: after a Flatten a norm has more.
constexpr bool Schedule::takes_norm(const Step& s, const Op& norm) const {
  return norm.fusion == Fusion::norm && s.last == s.op &&
         norm.num_buffers == 2 * graph_.values[graph_.ops[s.op].y].channels;
}

// y + the other operand, where that is there already; it goes onto it if nobody else reads it.
constexpr bool Schedule::fuse_sum(Step& s, const Op& sum, int y) {
  const bool first = t_.values[sum.x].root == t_.values[y].root;
  ValueState& other = value(first ? sum.skip : sum.x);
  if (other.at == absent || s.skip != absent) return false;
  s.skip = other.at;
  --other.readers;
  if (other.readers == 0 && s.skip != network_input && s.skip != s.x) s.y = s.skip;
  return true;
}

// A step of its own: running statistics may be anywhere, and change between runs.
constexpr void Schedule::fold(Step& s, int norm) {
  Step f = step_of(norm, StepKind::fold);
  const Op& op = graph_.ops[norm];
  f.run = kernels_of(op).fold;
  f.y = s.norm = buffer(2 * graph_.values[op.y].channels * sizeof(float));
  add(f);
}

}  // namespace etch
