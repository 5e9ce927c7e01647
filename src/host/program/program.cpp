// A program made at run time.
#include <etch/host/program/program.hpp>

#include <etch/host/error.hpp>
#include <etch/host/format.hpp>

#include <charconv>
#include <utility>

namespace etch::host {

// The working tables of a Schedule, on the heap.
struct WorkingTables {
  explicit WorkingTables(ScheduleBounds bounds)
      : steps(size(bounds.steps)),
        buffers(size(bounds.buffers)),
        starts(size(bounds.steps) + 1),
        ends(size(bounds.steps) + 1),
        next(2 * size(bounds.buffers)),
        refs(size(bounds.buffers)),
        values(size(bounds.values)) {}

  static std::size_t size(int n) { return static_cast<std::size_t>(n); }
  Schedule::Tables tables() {
    return {steps.data(),
            buffers.data(),
            {starts.data(), ends.data(), next.data()},
            refs.data(),
            values.data()};
  }

  std::vector<Step> steps;
  std::vector<Buffer> buffers;
  std::vector<int> starts, ends, next, refs;
  std::vector<ValueState> values;
};

Recompute recompute_from_text(const std::string& text) {
  if (text == "nothing") return Recompute::nothing;
  if (text == "elementwise") return Recompute::elementwise;
  if (text == "blocks") return Recompute::blocks;
  std::size_t number = 0, bytes = 0;
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, number);
  const std::string suffix(at, end);
  for (const auto& [name, shift] :
       {std::pair("", 0), std::pair("K", 10), std::pair("M", 20), std::pair("G", 30)}) {
    const std::string unit_name = name;
    const bool fits = suffix == unit_name || (!unit_name.empty() && suffix == unit_name + "iB");
    if (error != std::errc{} || !fits) continue;
    if (!__builtin_mul_overflow(number, std::size_t{1} << shift, &bytes)) {
      return Recompute::budget{bytes};
    }
  }
  throw Error("--recompute ", text,
              ": must be nothing, elementwise, blocks, or the bytes of an arena to fit, such as "
              "60MiB");
}

template <class Options>
static Program make(GraphView graph, Options options) {
  WorkingTables work{ScheduleBounds(graph.size)};
  Schedule schedule(graph, work.tables());
  schedule.run(options);
  Program p;
  p.steps.assign(work.steps.begin(), work.steps.begin() + schedule.num_steps());
  p.buffers.assign(work.buffers.begin(), work.buffers.begin() + schedule.num_buffers());
  p.num_forward = static_cast<std::size_t>(schedule.num_forward_steps());
  p.num_prepare = static_cast<std::size_t>(schedule.num_prepare_steps());
  p.prepared_bytes = schedule.prepared_bytes();
  p.output = schedule.output();
  p.peak = schedule.peak();
  p.recompute_macs = schedule.recompute_macs();
  if (p.peak.arena_bytes / unit >= network_input) {
    throw Error("batch ", options.batch, ": the activations take ", bytes_text(p.peak.arena_bytes),
                ", and at most 16 GiB can be addressed: take a "
                "smaller batch");
  }
  return p;
}

Program make_program(GraphView graph, InferenceOptions options) { return make(graph, options); }
Program make_program(GraphView graph, Training options) {
  WorkingTables work{ScheduleBounds(graph.size)};
  BudgetSearch search(options);
  while (search.phase != BudgetSearch::done) {
    Schedule schedule(graph, work.tables());
    schedule.run(search.options);
    search = search.advance({schedule.peak().arena_bytes, schedule.num_blocks()});
  }
  const Program p = make(graph, search.options);
  if (p.peak.arena_bytes > options.recompute.budget_or_all()) {
    throw Error("--recompute: an arena of ", bytes_text(options.recompute.bytes),
                " is too small for batch ", options.batch, ": it takes at least ",
                bytes_text(p.peak.arena_bytes));
  }
  return p;
}

}  // namespace etch::host
