// How long each step of a program takes, and what it computes.
#include "program/step_times.hpp"

#include "program/benchmark.hpp"
#include "program/layout.hpp"

#include <etch/kernels/conv_work.hpp>

#include <algorithm>
#include <chrono>

namespace etch::host {
namespace {

using Clock = std::chrono::steady_clock;

double median(std::vector<double> x) {
  const auto middle = x.begin() + static_cast<std::ptrdiff_t>(x.size() / 2);
  std::nth_element(x.begin(), middle, x.end());
  return *middle;
}

// The memory of a program, filled so that it can run.
class Machine {
 public:
  Machine(GraphView graph, const Program& program, std::size_t batch, std::size_t threads,
          std::size_t gradients, std::size_t states)
      : graph_(graph),
        program_(program),
        arena_(program.peak.arena_bytes),
        prepared_(program.prepared_bytes),
        parameters_(graph.total()),
        gradients_(Block<float>::zeros(gradients)),
        state_(Block<float>::zeros(states * graph.num_trainable)),
        batch_(graph, batch) {
    initialize(graph, parameters_.data(), 1, Initialization::kaiming_uniform);
    memory_.arena = arena_.data();
    memory_.prepared = prepared_.data();
    memory_.input = batch_.images.data();
    memory_.parameters = parameters_.data();
    memory_.batch = batch;
    memory_.threads = threads;
    for (std::size_t i = 0; i < program.num_prepare; ++i) run(program.steps[i]);
  }

  void trains() {
    memory_.trained = parameters_.data();
    memory_.gradients = gradients_.data();
  }

  void run(const Step& s) {
    if (s.kind == StepKind::loss) {
      const std::size_t classes = graph_.values[graph_.output].elements();
      CrossEntropyLoss{}({memory_.batch, classes, memory_.threads, 1, memory_.source(s.y),
                          batch_.labels.data(), memory_.at(s.dy)});
    } else if (s.kind == StepKind::update) {
      update(s.parameters, s.count, memory_.gradients_of(s));
    } else {
      run_step(s, memory_, graph_.ops);
    }
  }
  void update_all() { update(0, graph_.num_trainable, gradients_.data()); }

 private:
  // The rate is nothing: however often the same images come, the numbers stay ordinary.
  void update(std::size_t at, std::size_t count, const float* gradients) {
    Adam{}({count, memory_.threads, 1, 0.0, parameters_.data() + at, gradients, state_.data() + at,
            graph_.num_trainable});
  }

  GraphView graph_;
  const Program& program_;
  Block<std::byte> arena_, prepared_;
  Block<float> parameters_, gradients_, state_;
  RandomBatch batch_;
  Memory memory_;
};

// Seconds of each part of a run, over the runs.
class Times {
 public:
  explicit Times(std::size_t parts) : parts_(parts) {}

  template <class Run>
  void measure(double seconds, const Run& run) {
    constexpr std::size_t fewest = 5, most = 10'000;
    for (std::size_t part = 0; part < parts_.size(); ++part) run(part);  // caches and pages
    const Clock::time_point start = Clock::now();
    do {
      Clock::time_point before = Clock::now();
      const Clock::time_point first = before;
      for (std::size_t part = 0; part < parts_.size(); ++part) {
        run(part);
        const Clock::time_point after = Clock::now();
        parts_[part].push_back(span(before, after));
        before = after;
      }
      whole_.push_back(span(first, before));
    } while (whole_.size() < fewest ||
             (span(start, Clock::now()) < seconds && whole_.size() < most));
  }

  void put(Profile& p) const {
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      p.steps[i].seconds = median(parts_[i]);
      p.steps[i].best = *std::min_element(parts_[i].begin(), parts_[i].end());
    }
    p.runs = whole_.size();
    p.seconds = median(whole_);
  }

 private:
  static double span(Clock::time_point from, Clock::time_point to) {
    return std::chrono::duration<double>(to - from).count();
  }

  std::vector<std::vector<double>> parts_;
  std::vector<double> whole_;
};

Profile describe(GraphView graph, const Program& program, std::size_t batch) {
  Profile p;
  for (const Step& s : std::span(program.steps).subspan(program.num_prepare)) {
    p.steps.push_back({step_kind(s), fused_name(graph, s), s.op >= 0 ? graph.ops[s.op].kind : "",
                       step_macs(graph, s, batch)});
  }
  return p;
}

}  // namespace

std::size_t inside_macs(GraphView graph, int op) {
  for (int t = 0; t < graph.size.tensors; ++t) {
    const Tensor& tensor = graph.tensors[t];
    if (tensor.op != op || tensor.rank != 4) continue;
    const kernels::ConvGeometry& g = tensor.geometry;
    // A user-defined layer may count otherwise.
    if (kernels::counted_macs(g) == graph.ops[op].macs) {
      return kernels::real_macs(g);
    }
  }
  return graph.ops[op].macs;
}

std::size_t step_macs(GraphView graph, const Step& s, std::size_t batch) {
  if (s.op < 0 || s.kind == StepKind::update || s.kind == StepKind::fold) return 0;
  const std::size_t forward = batch * inside_macs(graph, s.op);
  if (s.kind == StepKind::forward) return forward;
  const bool weights = s.count > 0, input = s.dx != absent;
  return s.kind == StepKind::backward ? forward * (std::size_t{weights} + std::size_t{input}) : 0;
}

Profile profile(GraphView graph, const InferenceOptions& options, double seconds) {
  const Program program = make_program(graph, options);
  Machine machine(graph, program, options.batch, options.threads, 0, 0);
  Profile p = describe(graph, program, options.batch);
  Times times(p.steps.size());
  times.measure(seconds,
                [&](std::size_t part) { machine.run(program.steps[program.num_prepare + part]); });
  times.put(p);
  return p;
}

Profile profile(GraphView graph, const Training& options, double seconds) {
  const Program program = make_program(graph, options);
  const bool fused = options.update == Update::fused;
  Machine machine(graph, program, options.batch, options.threads, fused ? 0 : graph.num_trainable,
                  Adam{}.states());
  machine.trains();
  Profile p = describe(graph, program, options.batch);
  if (!fused) p.steps.push_back({"update", "all parameters, by Adam", "Adam"});
  Times times(p.steps.size());
  times.measure(seconds, [&](std::size_t part) {
    part < program.steps.size() ? machine.run(program.steps[part]) : machine.update_all();
  });
  times.put(p);
  return p;
}

}  // namespace etch::host
