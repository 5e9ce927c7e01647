// Whole inference and training steps, timed; and how much they compute.
#include "program/benchmark.hpp"

#include <etch/kernels/conv_work.hpp>

#include <algorithm>
#include <chrono>
#include <fstream>

namespace etch::host {

static double seconds() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

static double time_of(const std::function<void()>& run, std::size_t calls) {
  const double begin = seconds();
  for (std::size_t i = 0; i < calls; ++i) run();
  return (seconds() - begin) / static_cast<double>(calls);
}

Timing time_calls(const std::function<void()>& run, std::size_t repeat) {
  // The first call meets pages that nobody touched before; the second tells how long one takes.
  run();
  const double one = std::max(time_of(run, 1), 1e-9);
  constexpr double sample = 2e-3, all = 2;
  Timing t;
  t.calls = static_cast<std::size_t>(std::clamp(sample / one, 1.0, 1e6));
  const double fit = all / (one * static_cast<double>(t.calls));
  t.samples = repeat > 0 ? repeat : static_cast<std::size_t>(std::clamp(fit, 5.0, 1000.0));
  if (t.calls > 1) time_of(run, t.calls);
  std::vector<double> times(t.samples);
  for (double& time : times) time = time_of(run, t.calls);
  std::sort(times.begin(), times.end());
  t.min = times.front();
  t.max = times.back();
  t.median = times[times.size() / 2];
  return t;
}

// Of one op, forward.
static Work work_of(GraphView graph, int op) {
  Work w{graph.ops[op].macs, graph.ops[op].macs};
  for (int i = 0; i < graph.size.tensors; ++i) {
    const Tensor& t = graph.tensors[i];
    if (t.op == op && t.rank == 4) w.real = kernels::real_macs(t.geometry);
  }
  return w;
}

Work work_of(GraphView graph, const Program& program) {
  std::vector<Work> ops(static_cast<std::size_t>(graph.size.ops));
  for (int i = 0; i < graph.size.ops; ++i) ops[static_cast<std::size_t>(i)] = work_of(graph, i);
  Work all;
  for (std::size_t i = 0; i < program.steps.size(); ++i) {
    const Step& s = program.steps[i];
    std::uint64_t times = 0;
    if (s.kind == StepKind::forward && i < program.num_forward) times = 1;
    if (s.kind == StepKind::backward) times = (s.dx != absent ? 1u : 0u) + (s.count > 0 ? 1u : 0u);
    if (times == 0) continue;
    const Work& w = ops[static_cast<std::size_t>(s.op)];
    all.counted += times * w.counted;
    all.real += times * w.real;
  }
  return all;
}

RandomBatch::RandomBatch(GraphView graph, std::size_t batch)
    : images(batch * graph.values[0].elements()), labels(batch) {
  Generator random{1};
  for (float& x : images) x = random.uniform();
  const std::size_t classes = graph.values[graph.output].elements();
  for (std::int32_t& label : labels) label = static_cast<std::int32_t>(random.below(classes));
}

InferenceRun::InferenceRun(GraphView graph, InferenceOptions options)
    : graph_(graph),
      program_(make_program(graph, options)),
      parameters_(graph.total()),
      prepared_(program_.prepared_bytes),
      arena_(program_.peak.arena_bytes),
      batch_(graph, options.batch) {
  initialize(graph, parameters_.data(), 1, Initialization::kaiming_uniform);
  memory_.arena = arena_.data();
  memory_.prepared = prepared_.data();
  memory_.input = batch_.images.data();
  memory_.parameters = parameters_.data();
  memory_.batch = options.batch;
  memory_.threads = options.threads;
  for (std::size_t i = 0; i < program_.num_prepare; ++i)
    run_step(program_.steps[i], memory_, graph_.ops);
}

std::span<const float> InferenceRun::operator()() {
  for (std::size_t i = program_.num_prepare; i < program_.steps.size(); ++i) {
    run_step(program_.steps[i], memory_, graph_.ops);
  }
  return {memory_.source(program_.output), memory_.batch * graph_.values[graph_.output].elements()};
}

std::size_t peak_rss_bytes() {
  // Not getrusage(): that counts the program which started this one, until it became this.
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    std::size_t kibibytes = 0;
    if (word == "VmHWM:" && status >> kibibytes) return kibibytes * 1024;
  }
  return 0;
}

}  // namespace etch::host
