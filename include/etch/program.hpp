// The program: what runs. A flat list of steps over one arena; every offset is a constant.
#pragma once
#include <etch/call.hpp>
#include <etch/compact.hpp>
#include <etch/graph.hpp>
#include <etch/kernels/elementwise.hpp>
#include <etch/kernels/typed.hpp>

namespace etch {

// What a step does.
enum class StepKind : unsigned char {
  prepare,  // once, before the first run: see OpKernels::prepare
  forward,
  fold,  // a norm's scale and shift, for the fused step after it
  loss,  // writes dy of the output
  backward,
  add,     // dx = x + dy: two gradients of one value
  update,  // the optimizer takes `gradients` and moves `count` parameters
};

// An operand is a byte offset in the arena, or one of these.
inline constexpr std::uint32_t absent = 0xffffffff;
// The images that a program is called with, which are not in the arena.
inline constexpr std::uint32_t network_input = 0xfffffffe;
// Offsets count units of this many bytes, so that 32 bits reach 16 GiB.
inline constexpr std::size_t unit = 4;

// One line of a program: what runs, on which operands.
struct Step {
  Kernel run = nullptr;  // null of a loss or an update
  std::uint32_t x = absent, skip = absent, y = absent, dy = absent, dx = absent;  // see Call
  std::uint32_t saved = absent, scratch = absent;                                 // see Call
  std::uint32_t gradients = absent;   // in the arena (Update::fused), else see `parameters`
  std::uint32_t norm = absent;        // see Call::norm
  std::uint32_t prepared = absent;    // not in the arena: from the start of the prepared weights
  std::uint32_t parameters = 0;       // floats, from the start of Parameters
  std::uint32_t count = 0;            // floats: parameters of the op; 0: none that learn
  std::uint32_t buffers = 0;          // floats, from the start of Parameters
  std::int16_t stream = 0;            // of random numbers: the op that draws them
  StepKind kind = StepKind::forward;  // whether `run` runs it, or the loss or optimizer
  Mode mode = Mode::evaluate;         // see Call
  bool accumulate_dx = false;         // see Call
  bool relu = false;                  // see Call
  // Not in a binary: what this is a step of, and the last of the ops that are fused into it.
  std::int16_t op = -1, last = -1;
};

// Where a program runs.
struct Memory {
  std::byte* arena = nullptr;         // begins on buffer_alignment
  std::byte* prepared = nullptr;      // weights made by the steps of kind prepare
  const float* input = nullptr;       // (batch, H, W, C)
  const float* parameters = nullptr;  // all of them
  float* trained = nullptr;           // those that learn, and in training all that changes; or null
  float* gradients = nullptr;         // Update::accumulate: the gradient block, else null
  std::size_t batch = 1, threads = 1;  // `batch` images, on at most `threads` threads
  std::uint64_t key = 0;               // of this training step's random numbers
  bool accumulate = false;             // gradients are added to those of earlier batches

  // An operand in the arena; null where it is absent.
  float* at(std::uint32_t offset) const {
    return offset == absent ? nullptr : kernels::typed<float>(arena + offset * unit);
  }
  // The same, or the network's input. Only ever read: no step writes over the network's input.
  const float* source(std::uint32_t offset) const {
    return offset == network_input ? input : at(offset);
  }
  // Where a backward step writes gradients of parameters; null: the layer has none that learn.
  [[gnu::always_inline]] float* gradients_of(const Step& s) const {
    if (s.count == 0) return nullptr;
    return s.gradients != absent ? at(s.gradients) : gradients + s.parameters;
  }
};

// Internal: StepKind::add, count numbers an image.
inline void sum_of_gradients(const Call& c) {
  kernels::add({c.batch * c.count, c.threads, c.x, c.dy, c.dx});
}

// Internal: the steps of a program as they lie in a binary.
template <const auto& steps>
inline constexpr auto& compact_steps =
    compact<steps, &Step::run, &Step::x, &Step::skip, &Step::y, &Step::dy, &Step::dx, &Step::saved,
            &Step::scratch, &Step::gradients, &Step::norm, &Step::prepared, &Step::parameters,
            &Step::count, &Step::buffers, &Step::stream, &Step::kind, &Step::mode,
            &Step::accumulate_dx, &Step::relu>;

// Internal: what a step is called with.
template <class C = Call>
[[gnu::always_inline]] inline C call_of(const Step& s, const Memory& m) {
  C c;
  c.batch = m.batch;
  c.threads = m.threads;
  c.mode = s.mode;
  c.accumulate = m.accumulate;
  c.accumulate_dx = s.accumulate_dx;
  c.count = s.count;
  c.key = m.key + static_cast<std::uint64_t>(s.stream);
  c.x = m.source(s.x);
  c.skip = m.source(s.skip);
  c.norm = m.at(s.norm);
  c.relu = s.relu;
  if (s.prepared != absent) c.prepared = kernels::typed<float>(m.prepared + s.prepared * unit);
  c.y = m.at(s.y);
  c.dy = m.at(s.dy);
  c.dx = m.at(s.dx);
  c.parameters = (s.count > 0 && m.trained != nullptr ? m.trained : m.parameters) + s.parameters;
  c.gradients = s.kind == StepKind::backward ? m.gradients_of(s) : nullptr;
  c.buffers = m.parameters + s.buffers;
  c.moving_buffers = s.mode == Mode::train && m.trained ? m.trained + s.buffers : nullptr;
  c.saved = reinterpret_cast<std::byte*>(m.at(s.saved));
  c.scratch = reinterpret_cast<std::byte*>(m.at(s.scratch));
  return c;
}

// Runs one prepare, forward, fold, backward or add step: a Step, or one of compact_steps, of a
// program whose kernels are bound (bind.hpp).
void run_step(const auto& step, const Memory& m) {
  const Step s = step;
  s.run(call_of(s, m));
}
// The same of a program that is made of a graph's own kernels; `ops` are the graph's.
inline void run_step(const Step& s, const Memory& m, const Op* ops) {
  OpCall c = call_of<OpCall>(s, m);
  if (s.op >= 0) c.op = ops + s.op;
  s.run(c);
}

// Internal: see run_training().
constexpr void nothing_to_do(std::size_t) {}
// Runs a training program; run(step), loss(step) and update(step) do the steps of their kinds, and
// done(index) is called after each.
template <class Steps, class Run, class Loss, class Update, class Done = void(std::size_t)>
[[gnu::always_inline]] inline void run_training(const Steps& steps, const Run& run,
                                                const Loss& loss, const Update& update,
                                                const Done& done = nothing_to_do) {
  for (const auto& step : steps) {
    const Step s = step;
    if (s.kind == StepKind::loss) {
      loss(s);
    } else if (s.kind == StepKind::update) {
      update(s);
    } else {
      run(step);
    }
    done(static_cast<std::size_t>(&step - &steps[0]));
  }
}

}  // namespace etch
