// The schedule: the steps of inference or of training, in order, and the buffers they touch.
// Autodiff happens here, over the graph's op list.
#pragma once
#include <etch/graph.hpp>
#include <etch/options.hpp>
#include <etch/plan.hpp>

namespace etch {

// What the schedule knows of a value of the graph.
struct ValueState {
  int root = none;                  // itself, or the value it is equal to
  int producer = none;              // the op that makes it
  int uses = 0, readers = 0;        // ops that read it in forward: in all, and still to come
  int reader = none;                // the last of them
  std::uint32_t at = absent;        // its buffer
  std::uint32_t again = absent;     // its buffer when recomputed in backward
  std::uint32_t saved = absent;     // what its producer keeps for backward
  std::uint32_t gradient = absent;  // the buffer of its gradient, so far
  std::uint32_t prepared = absent;  // its producer's weights, made beforehand
  bool wants = false;               // a gradient: something that learns is upstream
  bool needed = false;              // by a backward step
  bool fused = false;               // made, or passed on, by a step of an earlier op
  bool dropped = false;             // after forward; recomputed where it is needed
  bool kept = false;                // others are recomputed from it
  bool cheap = false;               // recomputed by elementwise ops from what is there
};

// How many rows of each table a schedule can need.
struct ScheduleBounds {
  int steps = 0, buffers = 0, values = 0;

  constexpr ScheduleBounds(GraphSize size)
      // Training: forward (inference: prepare, fold), two replays, backward, two adds, update of
      // each op, and the loss.
      : steps(7 * size.ops + 1),
        // The output, two replayed ones, two gradients and a sum, saved, parameters' gradient,
        // and scratch of four steps; the loss's gradient.
        buffers(12 * size.ops + 1),
        values(size.values) {}
};

// Builds a schedule in tables that somebody else owns: the compiler's (Program below), or a host
// tool's at run time. While it is built an operand of a Step is a buffer's number; finish() plans
// the arena and puts offsets there.
class Schedule {
 public:
  struct Tables {
    Step* steps;         // bounds.steps
    Buffer* buffers;     // bounds.buffers
    PlanTables plan;     // bounds.steps + 1 twice, 2 * bounds.buffers
    int* refs;           // bounds.buffers: gradients that share a buffer
    ValueState* values;  // bounds.values
  };

  constexpr Schedule(GraphView graph, Tables tables) : graph_(graph), t_(tables) {}

  constexpr void run(InferenceOptions);
  constexpr void run(Training);

  constexpr int num_steps() const { return num_steps_; }
  constexpr int num_forward_steps() const { return num_forward_; }
  constexpr int num_buffers() const { return num_buffers_; }
  constexpr Peak peak() const { return peak_; }
  constexpr std::uint32_t output() const { return output_; }
  // The first steps run once, and fill so many bytes of their own.
  constexpr int num_prepare_steps() const { return num_prepare_; }
  constexpr std::size_t prepared_bytes() const { return prepared_; }
  // Multiply-accumulates an image that backward recomputes.
  constexpr std::uint64_t recompute_macs() const { return recompute_macs_; }
  // That Recompute::budget could drop.
  constexpr int num_blocks() const { return num_blocks_; }

 private:
  constexpr std::uint32_t buffer(std::size_t bytes) {
    t_.buffers[num_buffers_] = {.bytes = bytes + 2 * zone_};
    return static_cast<std::uint32_t>(num_buffers_++);
  }
  constexpr std::uint32_t activation(int value) {
    return buffer(batch_ * graph_.values[value].elements() * sizeof(float));
  }
  constexpr void touch(std::uint32_t b) {
    if (b >= network_input) return;
    Buffer& buffer = t_.buffers[b];
    if (buffer.first < 0) buffer.first = num_steps_;
    buffer.last = num_steps_;
  }
  constexpr void add(const Step& s) {
    for (const std::uint32_t b :
         {s.x, s.skip, s.y, s.dy, s.dx, s.saved, s.scratch, s.gradients, s.norm}) {
      touch(b);
    }
    t_.steps[num_steps_++] = s;
  }

  constexpr void begin(std::size_t batch, std::size_t threads);
  constexpr ValueState& value(int v) const { return t_.values[t_.values[v].root]; }
  // Dropout in evaluation: its output is its input.
  constexpr bool vanishes(const Op& op) const {
    return op.only_in_training && (!training_ || op.frozen);
  }
  constexpr bool learns_through(const Op& op) const {
    return op.trainable() || value(op.x).wants || (op.skip != none && value(op.skip).wants);
  }
  constexpr bool needs(const Op& op, Needs what) const {
    return (value(op.x).wants && op.dx_needs == what) || (op.trainable() && op.dw_needs == what);
  }
  constexpr OpKernels kernels_of(const Op& op) const {
    return op.kernels_of(op, {batch_, threads_, fuses_, training_ && options_.winograd});
  }
  constexpr Step step_of(StepKind kind) const;
  constexpr Step step_of(int op, StepKind kind) const;
  static constexpr bool lies_over_skip(const Op& op) {
    return op.skip != none && op.join == Join::part;
  }
  constexpr void scratch(Step& s, std::size_t bytes);
  constexpr void forward(int op);
  constexpr void prepare();
  constexpr void fuse(Step& s);
  constexpr bool fuse_next(Step& s);
  constexpr bool takes_norm(const Step& s, const Op& norm) const;
  constexpr bool fuse_sum(Step& s, const Op& sum, int y);
  constexpr void fold(Step& s, int norm);
  constexpr bool may_overwrite_input(const Op& op) const;
  constexpr void mark_needs();
  constexpr void mark_dropped();
  constexpr void mark_blocks();
  constexpr std::size_t keep(int value);
  template <class Visit>
  constexpr int visit_blocks(const Visit& visit) const;
  constexpr std::size_t block_bytes(int first, int last) const;
  constexpr std::uint32_t remade(int value);
  constexpr std::uint32_t remade_for_replay(int value);
  constexpr void loss();
  constexpr void backward(int op);
  constexpr void backward_of_join(int op);
  constexpr void input_gradient(Step& s, const Op& op, int value, bool over_dy);
  constexpr void add_gradient_step(Step& s, int value);
  constexpr void update(const Step& s);
  constexpr void add_gradients(std::uint32_t a, std::uint32_t b, std::uint32_t sum, int value);
  constexpr void contribute(int value, std::uint32_t gradient);
  constexpr void finish();
  constexpr std::uint32_t offset_of(std::uint32_t b) const {
    return b >= network_input ? b : static_cast<std::uint32_t>(t_.buffers[b].offset / unit);
  }

  GraphView graph_;
  Tables t_;
  std::size_t batch_ = 1, threads_ = 1;
  std::size_t zone_ = 0;  // bytes around every buffer that belong to none: guard.hpp
  bool training_ = false, fuses_ = false;
  Training options_{};
  int num_steps_ = 0, num_prepare_ = 0, num_forward_ = 0, num_buffers_ = 0, num_blocks_ = 0;
  std::size_t prepared_ = 0;
  std::uint64_t recompute_macs_ = 0;
  std::uint32_t output_ = absent;
  Peak peak_{};
};

constexpr void Schedule::begin(std::size_t batch, std::size_t threads) {
  batch_ = batch;
  threads_ = threads;
  for (int v = 0; v < graph_.size.values; ++v) {
    t_.values[v] = {};
    t_.values[v].root = v;
  }
  t_.values[0].at = network_input;
  for (int i = 0; i < graph_.size.ops; ++i) {
    const Op& op = graph_.ops[i];
    if (vanishes(op)) {
      t_.values[op.y].root = t_.values[op.x].root;
      continue;
    }
    t_.values[op.y].producer = i;
    for (const int v : {op.x, op.skip}) {
      if (v == none) continue;
      ++value(v).uses;
      value(v).reader = i;
    }
  }
  ++value(graph_.output).uses;
  for (int v = 0; v < graph_.size.values; ++v) t_.values[v].readers = t_.values[v].uses;
}

constexpr Step Schedule::step_of(StepKind kind) const {
  Step s;
  s.kind = kind;
  s.mode = training_ ? Mode::train : Mode::evaluate;
  return s;
}

constexpr Step Schedule::step_of(int i, StepKind kind) const {
  const Op& op = graph_.ops[i];
  Step s = step_of(kind);
  s.op = s.last = static_cast<std::int16_t>(i);
  if (op.draws) s.stream = s.op;
  const OpKernels kernels = kernels_of(op);
  s.run = kind == StepKind::forward ? kernels.forward : kernels.backward;
  if (op.frozen) s.mode = Mode::evaluate;
  s.parameters = static_cast<std::uint32_t>(graph_.parameters_of(op));
  if (op.num_buffers > 0) s.buffers = static_cast<std::uint32_t>(graph_.buffers_of(op));
  s.count = static_cast<std::uint32_t>(op.trainable() ? op.num_parameters : 0);
  return s;
}

constexpr void Schedule::scratch(Step& s, std::size_t bytes) {
  if (bytes > 0) s.scratch = buffer(bytes);
}

// In forward, where nobody else reads x any more and backward doesn't look for it there.
constexpr bool Schedule::may_overwrite_input(const Op& op) const {
  const ValueState& x = value(op.x);
  return op.in_place && x.at != network_input && x.readers == 1 && (!x.needed || x.dropped);
}

constexpr void Schedule::forward(int i) {
  const Op& op = graph_.ops[i];
  if (vanishes(op) || value(op.y).fused) return;
  Step s = step_of(i, StepKind::forward);
  s.x = value(op.x).at;
  if (op.skip != none) s.skip = value(op.skip).at;
  if (fuses_) fuse(s);
  ValueState& y = value(graph_.ops[s.last].y);
  if (lies_over_skip(op)) s.y = s.skip;
  if (s.y == absent) s.y = may_overwrite_input(op) ? s.x : activation(op.y);
  y.at = s.y;
  --value(op.x).readers;
  if (op.skip != none) --value(op.skip).readers;
  const std::size_t saved = op.saved + batch_ * op.saved_an_image;
  if (saved > 0 && training_ && (s.mode == Mode::train || learns_through(op))) {
    s.saved = y.saved = buffer(saved);
  }
  const OpKernels kernels = kernels_of(op);
  s.prepared = value(op.y).prepared;
  if (s.prepared != absent) s.run = kernels.forward_prepared;
  scratch(s, s.prepared != absent ? kernels.prepared_scratch : kernels.forward_scratch);
  add(s);
}

constexpr void Schedule::prepare() {
  for (int i = 0; i < graph_.size.ops; ++i) {
    const Op& op = graph_.ops[i];
    if (op.prepared == 0) continue;
    Step s = step_of(i, StepKind::prepare);
    s.run = kernels_of(op).prepare;
    s.prepared = value(op.y).prepared = static_cast<std::uint32_t>(prepared_ / unit);
    prepared_ += aligned(op.prepared);
    add(s);
  }
  num_prepare_ = num_steps_;
}

constexpr void Schedule::run(InferenceOptions options) {
  fuses_ = options.fuse;
  zone_ = options.guarded ? guard_zone : 0;
  begin(options.batch, options.threads);
  if (options.winograd) prepare();
  for (int i = 0; i < graph_.size.ops; ++i) forward(i);
  num_forward_ = num_steps_;
  finish();
}

// Which values want a gradient, and which a backward step will read.
constexpr void Schedule::mark_needs() {
  for (int i = 0; i < graph_.size.ops; ++i) {
    const Op& op = graph_.ops[i];
    if (vanishes(op)) continue;
    value(op.y).wants = learns_through(op);
    if (needs(op, Needs::input)) value(op.x).needed = true;
    if (needs(op, Needs::output)) value(op.y).needed = true;
    if (op.skip == none || op.join != Join::product) continue;
    if (value(op.skip).wants) value(op.x).needed = true;
    if (value(op.x).wants) value(op.skip).needed = true;
  }
}

constexpr void Schedule::loss() {
  ValueState& output = value(graph_.output);
  Step s = step_of(StepKind::loss);
  s.y = output.at;
  s.dy = output.gradient = activation(graph_.output);
  t_.refs[s.dy] = 1;
  add(s);
}

// gradients of one value in a and b; their sum may lie over either.
constexpr void Schedule::add_gradients(std::uint32_t a, std::uint32_t b, std::uint32_t sum, int v) {
  Step s = step_of(StepKind::add);
  s.run = sum_of_gradients;
  s.count = static_cast<std::uint32_t>(graph_.values[v].elements());
  s.x = a;
  s.dy = b;
  s.dx = sum;
  add(s);
}

// `gradient`, which others read as well, is a part of the gradient of v.
constexpr void Schedule::contribute(int v, std::uint32_t gradient) {
  ValueState& x = value(v);
  if (!x.wants) return;
  if (x.gradient == absent) {
    x.gradient = gradient;
    ++t_.refs[gradient];
    return;
  }
  const std::uint32_t before = x.gradient;
  if (t_.refs[before] > 1) {
    x.gradient = activation(v);
    t_.refs[x.gradient] = 1;
    --t_.refs[before];
  }
  add_gradients(before, gradient, x.gradient, v);
}

// Where the gradient of an input v goes: onto what is there already, over dy, or into a buffer of
// its own.
constexpr void Schedule::input_gradient(Step& s, const Op& op, int v, bool over_dy) {
  const ValueState& x = value(v);
  if (!x.wants) return;
  if (x.gradient != absent && op.accumulates && t_.refs[x.gradient] == 1) {
    s.dx = x.gradient;
    s.accumulate_dx = true;
  } else {
    s.dx = over_dy && t_.refs[s.dy] == 1 ? s.dy : activation(v);
  }
}

constexpr void Schedule::update(const Step& backward) {
  if (backward.gradients == absent) return;
  Step s = step_of(StepKind::update);
  s.op = backward.op;
  s.gradients = backward.gradients;
  s.parameters = backward.parameters;
  s.count = backward.count;
  add(s);
}

constexpr void Schedule::backward(int i) {
  const Op& op = graph_.ops[i];
  if (vanishes(op) || !learns_through(op)) return;
  if (op.skip != none) return backward_of_join(i);
  const std::uint32_t dy = value(op.y).gradient;
  const std::uint32_t x = needs(op, Needs::input) ? remade(op.x) : absent;
  const std::uint32_t y = needs(op, Needs::output) ? remade(op.y) : absent;
  Step s = step_of(i, StepKind::backward);
  s.x = x;
  s.y = y;
  s.dy = dy;
  s.saved = value(op.y).saved;
  input_gradient(s, op, op.x, op.in_place);
  if (op.trainable() && options_.update == Update::fused) {
    s.gradients = buffer(op.num_parameters * sizeof(float));
  }
  scratch(s, kernels_of(op).backward_scratch);
  --t_.refs[dy];
  add_gradient_step(s, op.x);
}

// s.dx, where there is one, is the gradient of v, or a part of it.
constexpr void Schedule::add_gradient_step(Step& s, int v) {
  add(s);
  update(s);
  if (s.dx == absent || s.accumulate_dx) return;
  ValueState& input = value(v);
  if (input.gradient != absent) {
    add_gradients(input.gradient, s.dx, s.dx, v);
    --t_.refs[input.gradient];
  }
  input.gradient = s.dx;
  ++t_.refs[s.dx];
}

constexpr void Schedule::backward_of_join(int i) {
  const Op& op = graph_.ops[i];
  const std::uint32_t dy = value(op.y).gradient;
  if (op.join == Join::sum) contribute(op.x, dy);
  if (op.join != Join::product) contribute(op.skip, dy);
  if (op.join == Join::product && value(op.skip).wants) {
    Step s = step_of(i, StepKind::backward);
    s.x = remade(op.x);
    s.dy = dy;
    input_gradient(s, op, op.skip, false);
    add_gradient_step(s, op.skip);
  }
  if (op.join != Join::sum && value(op.x).wants) {
    Step s = step_of(i, StepKind::backward);
    if (op.join == Join::product) s.skip = remade(op.skip);
    s.dy = dy;
    input_gradient(s, op, op.x, op.in_place);
    --t_.refs[dy];
    return add_gradient_step(s, op.x);
  }
  --t_.refs[dy];
}

constexpr void Schedule::run(Training options) {
  training_ = true;
  options_ = options;
  zone_ = options.guarded ? guard_zone : 0;
  begin(options.batch, options.threads);
  mark_needs();
  mark_dropped();
  for (int i = 0; i < graph_.size.ops; ++i) forward(i);
  num_forward_ = num_steps_;
  loss();
  for (int i = graph_.size.ops - 1; i >= 0; --i) backward(i);
  finish();
}

// Plans the arena; operands become offsets.
constexpr void Schedule::finish() {
  output_ = value(graph_.output).at;
  // The output is there to be read when the program has run.
  if (output_ < network_input) t_.buffers[output_].last = num_steps_ - 1;
  peak_ = assign_offsets(t_.buffers, num_buffers_, num_steps_, t_.plan);
  for (int b = 0; b < num_buffers_; ++b) {
    t_.buffers[b].offset += zone_;
    t_.buffers[b].bytes -= 2 * zone_;
  }
  for (int i = 0; i < num_steps_; ++i) {
    Step& s = t_.steps[i];
    for (std::uint32_t* b :
         {&s.x, &s.skip, &s.y, &s.dy, &s.dx, &s.saved, &s.scratch, &s.gradients, &s.norm}) {
      *b = offset_of(*b);
    }
  }
  output_ = offset_of(output_);
}

}  // namespace etch

#include <etch/fusion.hpp>
#include <etch/recompute.hpp>
