// A program made at run time.
#include "program.hpp"

#include "error.hpp"
#include "format.hpp"

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
  std::vector<Value> values;
};

template <class Options>
static Program make(GraphView graph, Options options) {
  WorkingTables work{ScheduleBounds(graph.size)};
  Schedule schedule(graph, work.tables());
  schedule.run(options);
  Program p;
  p.steps.assign(work.steps.begin(), work.steps.begin() + schedule.num_steps());
  p.buffers.assign(work.buffers.begin(), work.buffers.begin() + schedule.num_buffers());
  p.num_forward = static_cast<std::size_t>(schedule.num_forward_steps());
  p.output = schedule.output();
  p.peak = schedule.peak();
  if (p.peak.arena_bytes / unit >= network_input) {
    throw Error("batch ", options.batch, ": the activations take ", bytes_text(p.peak.arena_bytes),
                ", and at most 16 GiB can be addressed: take a "
                "smaller batch");
  }
  return p;
}

Program make_program(GraphView graph, InferenceOptions options) { return make(graph, options); }
Program make_program(GraphView graph, Training options) { return make(graph, options); }

}  // namespace etch::host
