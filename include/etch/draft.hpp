// A schedule as the compiler makes it, and the exact tables that stay in the binary.
#pragma once
#include <etch/bind.hpp>
#include <etch/schedule.hpp>

#include <array>

namespace etch {

// A schedule and its working tables, for the compiler. Only what is copied out of it stays.
template <GraphSize size>
struct Draft {
  static constexpr ScheduleBounds bounds{size};

  Step steps[bounds.steps]{};
  Buffer buffers[bounds.buffers]{};
  int num_steps = 0, num_prepare = 0, num_forward = 0, num_buffers = 0, num_blocks = 0;
  std::size_t prepared_bytes = 0;
  std::uint64_t recompute_macs = 0;
  std::uint32_t output = absent;
  Peak peak{};
};

template <GraphSize size, class Options>
constexpr Draft<size> draft(GraphView graph, Options options) {
  using D = Draft<size>;
  D d;
  int starts[D::bounds.steps + 1]{}, ends[D::bounds.steps + 1]{}, next[2 * D::bounds.buffers]{};
  int refs[D::bounds.buffers]{};
  ValueState values[size.values]{};
  Schedule s(graph, {d.steps, d.buffers, {starts, ends, next}, refs, values});
  s.run(options);
  d.num_steps = s.num_steps();
  d.num_prepare = s.num_prepare_steps();
  d.prepared_bytes = s.prepared_bytes();
  d.recompute_macs = s.recompute_macs();
  d.num_forward = s.num_forward_steps();
  d.num_buffers = s.num_buffers();
  d.num_blocks = s.num_blocks();
  d.output = s.output();
  d.peak = s.peak();
  return d;
}

// Options with what Recompute::budget asks for filled in. Each trial is a constant of its own: one
// constant that takes them all would go beyond a compiler's limit.
template <class Net, Training options>
inline constexpr RecomputeTrial recompute_trial = [] {
  const auto d = draft<Net::graph.size>(bound_graph<Net>, options);
  return RecomputeTrial{d.peak.arena_bytes, d.num_blocks};
}();
template <class Net, BudgetSearch search>
struct FitBudget : FitBudget<Net, search.advance(recompute_trial<Net, search.options>)> {};
template <class Net, BudgetSearch search>
requires(search.phase == BudgetSearch::done) struct FitBudget<Net, search> {
  static constexpr Training options = search.options;
};

// The steps of a draft at their exact number: what is in the binary.
template <int steps, GraphSize size>
constexpr std::array<Step, static_cast<std::size_t>(steps)> exact_steps(const Draft<size>& d) {
  std::array<Step, static_cast<std::size_t>(steps)> exact{};
  for (std::size_t i = 0; i < exact.size(); ++i) exact[i] = d.steps[i];
  return exact;
}

// The buffers of a draft, `count` of them, by their place: what a guarded program has in the
// binary.
template <std::size_t count, GraphSize size>
constexpr std::array<Buffer, count> exact_buffers(const Draft<size>& d) {
  std::array<Buffer, count> exact{};
  for (std::size_t i = 0; i < count; ++i) {
    std::size_t at = i;
    for (; at > 0 && exact[at - 1].offset > d.buffers[i].offset; --at) exact[at] = exact[at - 1];
    exact[at] = d.buffers[i];
  }
  return exact;
}

}  // namespace etch
