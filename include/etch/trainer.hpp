// Training: forward, loss, backward and optimizer in one plain object.
#pragma once
#include <etch/contract.hpp>
#include <etch/guard.hpp>
#include <etch/initialize.hpp>
#include <etch/kernels/parallel.hpp>
#include <etch/loss.hpp>
#include <etch/network.hpp>
#include <etch/optimizer.hpp>

#include <algorithm>
#include <cmath>
#include <span>
#include <type_traits>

namespace etch {

// Trains a network. sizeof(Trainer<...>) is all the memory that training takes: parameters,
// gradients, optimizer state and arena. ResNet-101's is 700 MB, and no stack's: make it with
// std::make_unique; firmware makes a small one static. A copy is a trainer of its own that goes on
// with the same bits. Neither heap nor exceptions; broken contracts are checked in debug builds,
// see contract_handler. One object serves one thread at a time. The same seed and batches end in
// the same bits, for any number of threads, Update and Recompute.
//
//   static Trainer<LeNet, CrossEntropyLoss{}, Adam{.lr = 1e-3}, Training{.batch = 32}> trainer;
//   float loss = trainer.step(images, labels);
template <class Net, Loss auto loss, Optimizer auto optimizer, Training options = Training{}>
class Trainer {
  static_assert(AtLeast<options.batch, 1u>, "Trainer: batch must be at least 1");
  static_assert(AtLeast<options.threads, 1u>, "Trainer: threads must be at least 1");
  static_assert(AtMost<options.threads, kernels::most_threads>,
                "Trainer: a header-only build, as firmware is, runs on one thread");
  static_assert(AtLeast<Net::graph.num_trainable, 1u>,
                "Trainer: the network has nothing that learns: all its parameters are frozen");
  static_assert(
      AtLeast<options.batch, Net::graph.fewest_images()>,
      "Trainer: batch must be at least 2: batch norm needs more than one value a channel");
  static_assert(check_optimizer<optimizer>() && sizeof(LossOf<loss, Net>) > 0);

  static constexpr auto plan =
      draft<Net::graph.size>(bound_graph<Net>, FitBudget<Net, BudgetSearch(options)>::options);
  static constexpr bool fused = options.update == Update::fused;
  static constexpr bool in_place = options.frozen_in_place;
  static constexpr std::size_t size = Net::graph.num_trainable;
  static constexpr bool draws = [] {
    for (int op = 0; op < Net::graph.size.ops; ++op) {
      if (Net::graph.ops[op].draws) return true;
    }
    return false;
  }();
  // Running statistics that move but would have to stay where they are.
  static constexpr std::size_t fixed_statistics = [] {
    std::size_t floats = 0;
    for (int op = 0; in_place && op < Net::graph.size.ops; ++op) {
      if (!Net::graph.ops[op].frozen) floats += Net::graph.ops[op].num_buffers;
    }
    return floats;
  }();
  static_assert(
      AtMost<fixed_statistics, 0u>,
      "Trainer: frozen_in_place needs frozen batch norms: their statistics stay in place");

 public:
  static_assert(AtMost<plan.peak.arena_bytes, options.recompute.budget_or_all()>,
                "Trainer: the arena must fit Recompute::budget, whatever is recomputed");

  using Target = typename decltype(loss)::Target;

  // An array of Step: what runs.
  static constexpr auto steps = exact_steps<plan.num_steps>(plan);
  // Bytes of activations, their gradients and scratch.
  static constexpr std::size_t arena_bytes = plan.peak.arena_bytes;
  // The most that lives at once: no arena could be smaller.
  static constexpr std::size_t peak_live_bytes = plan.peak.live_bytes;
  // The step at which it does.
  static constexpr std::size_t peak_step = static_cast<std::size_t>(plan.peak.step);
  // Multiply-accumulates an image that backward recomputes; forward has Net's macs.
  static constexpr std::uint64_t recompute_macs = plan.recompute_macs;
  // Of the parameters that the trainer has itself.
  static constexpr std::size_t parameter_bytes =
      in_place ? size * sizeof(float) : Net::parameter_bytes;
  // Of Update::accumulate; with fused they are in the arena.
  static constexpr std::size_t gradient_bytes = fused ? 0 : size * sizeof(float);
  // Of the optimizer's state.
  static constexpr std::size_t optimizer_bytes = optimizer.states() * size * sizeof(float);

  // Floats of an image.
  static constexpr std::size_t input_size = Net::input_shape.elements();
  // Floats of an image's outputs.
  static constexpr std::size_t output_size = Net::output_shape.elements();
  // Targets of an image.
  static constexpr std::size_t target_size = loss.targets_per_image(output_size);

  // Parameters begin as Training::initialization says, from a seed; optimizer state begins at 0.
  explicit Trainer(std::uint64_t seed = 0) requires(!in_place) : seed_(seed) {
    check_alignment();
    initialize<options.initialization>(parameters_, seed);
  }
  // Training::frozen_in_place: begins with `given`, which must outlive it.
  explicit Trainer(const Parameters<Net>& given, std::uint64_t seed = 0) requires(in_place)
      : given_(given.values), seed_(seed) {
    check_alignment();
    must_be_aligned(&given, alignof(Parameters<Net>), "Trainer: parameters must be aligned");
    std::copy_n(given.values, size, parameters_.values);
  }
  explicit Trainer(const Parameters<Net>&&,  // parameters of a temporary are gone
                   std::uint64_t = 0) requires(in_place) = delete;

  // One step of training on a batch: images (N, H, W, C), N from 1 to options.batch (from 2 with a
  // batch norm over one value a channel of an image), and a target (or target_size of them) for
  // each. Returns the batch's mean loss, from before the update. The last batch of an epoch may be
  // smaller. Where it isn't finite the parameters are of no more use: nothing checks that here.
  float step(std::span<const float> images, std::span<const Target> targets) {
    pending_ = false;
    const float value = run(images, targets, 1.0f);
    if constexpr (!fused) update();
    return value;
  }
  // The same of arrays.
  template <std::size_t numbers, std::size_t targets>
  float step(const float (&x)[numbers], const Target (&y)[targets]) {
    static_assert(Equal<numbers % input_size, 0u>,
                  "Trainer: a batch must hold whole images of input_size");
    static_assert(AtMost<numbers / input_size, options.batch>,
                  "Trainer: a batch must have at most Training::batch images");
    static_assert(Equal<targets, numbers / input_size * target_size>,
                  "Trainer: each image must have its target_size targets");
    return step(std::span<const float>(x), std::span<const Target>(y));
  }

  // The halves of step(), for gradient accumulation: backward() over k batches with scale = 1 / k,
  // then update(). Gradients are those of the mean loss times scale.
  float backward(std::span<const float> images, std::span<const Target> targets,
                 float scale = 1.0f) {
    static_assert(!fused, "Trainer: backward() without update needs Update::accumulate");
    return run(images, targets, scale);
  }
  // Moves the parameters against the gradients of backward().
  void update() {
    static_assert(!fused, "Trainer: update() needs Update::accumulate");
    move(0, size, gradients_);
    ++updates_;
    pending_ = false;
  }

  // Between backward() and update(): scales the gradients so that their norm is at most max_norm;
  // returns what it was. PyTorch equivalent: torch.nn.utils.clip_grad_norm_
  float clip_grad_norm(float max_norm) {
    static_assert(!fused,
                  "Trainer: clip_grad_norm() needs Update::accumulate: it waits for all "
                  "gradients");
    const double norm = std::sqrt(kernels::squared_norm(gradients_, size, threads_));
    const double factor = static_cast<double>(max_norm) / (norm + 1e-6);
    if (factor < 1) kernels::scale(gradients_, size, static_cast<float>(factor), threads_);
    return static_cast<float>(norm);
  }

  // The network's outputs for the last batch, (N, outputs), in training mode.
  std::span<const float> output() const {
    const Memory m{.arena = const_cast<std::byte*>(arena_)};
    return {m.source(plan.output), outputs_};
  }

  // Parameters<Net>; with Training::frozen_in_place Learned<Net>, those that learn alone.
  using Own = std::conditional_t<in_place, Learned<Net>, Parameters<Net>>;
  // What the trainer has of them; it may be written to between steps.
  Own& parameters() { return parameters_; }
  const Own& parameters() const { return parameters_; }
  // As the parameters that learn; null with Update::fused. See GraphView::offset_of.
  const float* gradients() const { return fused ? nullptr : gradients_; }
  // states() arrays of num_trainable floats.
  std::span<float> optimizer_state() { return {state_, optimizer.states() * size}; }
  std::span<const float> optimizer_state() const { return {state_, optimizer.states() * size}; }

  // The learning rate of the next update; the optimizer's own at first.
  float lr() const { return lr_; }
  // Sets it, at least 0: schedules are in optimizers/lr_schedule.hpp.
  void set_lr(double lr) {
    must(lr >= 0, "Trainer: the learning rate must be at least 0", lr, 0);
    lr_ = static_cast<float>(lr);
  }

  // How many batches ran (counted where there is dropout), and how many updates were made. A
  // trainer of the same seed goes on where another one was after a step() or update() when it is
  // given the other's parameters(), optimizer_state(), lr(), and these two. On hosts save() and
  // load() of etch/host/save.hpp do all of that.
  std::uint64_t runs() const { return runs_; }
  // How many updates were made.
  std::uint64_t updates() const { return updates_; }
  // Goes on at these counts; see runs(). Gradients that were not applied are forgotten.
  void resume_at(std::uint64_t runs, std::uint64_t updates) {
    runs_ = runs;
    updates_ = updates;
    pending_ = false;
  }
  // What initial values and random draws follow from.
  std::uint64_t seed() const { return seed_; }
  // The same with the seed of the other trainer.
  void resume_at(std::uint64_t runs, std::uint64_t updates, std::uint64_t seed) {
    resume_at(runs, updates);
    seed_ = seed;
  }
  // Whether backward() was called, and update() not yet.
  bool has_gradients() const { return !fused && pending_; }

  // How many threads to use, from 1 to options.threads (which it is at first).
  void set_threads(std::size_t threads) {
    must(threads >= 1, "Trainer: threads must be at least 1", threads, 1);
    threads_ = threads < options.threads ? threads : options.threads;
  }

 private:
  void check_alignment() const {
    must_be_aligned(this, alignof(Trainer), "Trainer: the object must be aligned");
  }
  void check_batch(std::size_t numbers, std::size_t targets) const {
    const std::size_t n = numbers / input_size;
    must(n * input_size == numbers, "Trainer: a batch must hold whole images of input_size",
         numbers, input_size);
    must(n >= 1, "Trainer: a batch must have at least 1 image", n, 1);
    must(n >= Net::graph.fewest_images(),
         "Trainer: a batch must have at least 2 images: batch norm needs more than one value a "
         "channel",
         n, 2);
    must(n <= options.batch, "Trainer: a batch must have at most Training::batch images", n,
         options.batch);
    must(targets == n * target_size, "Trainer: each image must have its target_size targets",
         targets, n * target_size);
  }
  // State at its first update is written over, or taken for that of a first one.
  void check_state() const {
    for (std::size_t i = 0; checks_contracts && updates_ == 0 && i < optimizer_bytes / 4; ++i) {
      must(state_[i] == 0, "Trainer: optimizer_state() was restored without resume_at()", i, 0);
    }
  }

  float run(std::span<const float> images, std::span<const Target> targets, float scale) {
    check_batch(images.size(), targets.size());
    check_state();
    const Memory m{.arena = arena_,
                   .prepared = nullptr,
                   .input = images.data(),
                   .parameters = in_place ? given_ : parameters_.values,
                   .trained = parameters_.values,
                   .gradients = gradients_,
                   .batch = images.size() / input_size,
                   .threads = threads_,
                   .key = draws ? mix(mix(seed_) + runs_++) + 1 : 0,
                   .accumulate = pending_};
    outputs_ = m.batch * output_size;
    float value = 0;
    const auto run_loss = [&](const Step& step) {
      value = loss(LossCall<Target>{m.batch, output_size, threads_, scale, m.source(step.y),
                                    targets.data(), m.at(step.dy)});
    };
    const auto update = [&](const Step& step) {
      if constexpr (fused) move(step.parameters, step.count, m.at(step.gradients));
    };
    const auto run = [&](const auto& step) { run_step(step, m); };
    if constexpr (options.guarded) {
      const auto run_watched = [&](const Step& step) { watch(step, m); };
      const Guard guard(
          {buffers.data(), buffers.size(), steps.data(), steps.size(), Net::graph.ops, arena_bytes},
          arena_);
      run_training(steps, run_watched, run_loss, update,
                   [&](std::size_t step) { guard.check(step); });
    } else {
      run_training(compact_steps<steps>, run, run_loss, update);
    }
    if constexpr (fused) ++updates_;
    pending_ = true;
    return value;
  }

  // One of `steps`, with its gradients, and the running statistics that it moves, watched.
  void watch(const Step& step, const Memory& m) const {
    const Op* op = step.op < 0 ? nullptr : Net::graph.ops + step.op;
    const bool moves = op != nullptr && step.kind == StepKind::forward && step.mode == Mode::train;
    const bool learns = step.kind == StepKind::backward && step.gradients == absent;
    const Neighbours statistics(m.trained + step.buffers, moves ? op->num_buffers : 0);
    const Neighbours gradients(m.gradients + step.parameters, learns ? step.count : 0);
    run_step(step, m);
    const auto number = static_cast<std::size_t>(&step - steps.data());
    statistics.check(number, op != nullptr ? op->kind : nullptr);
    gradients.check(number, op != nullptr ? op->kind : nullptr);
  }

  void move(std::size_t at, std::size_t count, const float* gradients) {
    if constexpr (options.guarded) {
      const Neighbours own(parameters_.values + at, count);
      move_all(at, count, gradients);
      own.check(steps.size(), "the optimizer");
    } else {
      move_all(at, count, gradients);
    }
  }
  [[gnu::always_inline]] void move_all(std::size_t at, std::size_t count, const float* gradients) {
    if constexpr (GroupedOptimizer<decltype(optimizer)>) {
      for (const ParameterRun& r : tensors<count_learning(Net::graph)>) {
        if (r.at < at || r.at >= at + count) continue;
        optimizer(call(r.at, r.size, gradients + (r.at - at)), r.group);
      }
    } else {
      optimizer(call(at, count, gradients));
    }
  }
  OptimizerCall call(std::size_t at, std::size_t count, const float* gradients) {
    return {count,
            threads_,
            updates_ + 1,
            lr_,
            parameters_.values + at,
            gradients,
            optimizer.states() > 0 ? state_ + at : nullptr,
            size};
  }
  template <std::size_t count>
  static constexpr auto tensors = parameter_runs<count>(Net::graph, optimizer);

  static constexpr auto buffers = exact_buffers < options.guarded ? plan.num_buffers : 0 > (plan);
  static constexpr std::size_t at_least_one(std::size_t n) { return n > 0 ? n : 1; }

  [[no_unique_address]] Zone<options.guarded, 0> before_parameters_;
  Own parameters_;
  [[no_unique_address]] Zone<options.guarded, 1> before_gradients_;
  alignas(buffer_alignment) float gradients_[at_least_one(gradient_bytes / sizeof(float))]{};
  [[no_unique_address]] Zone<options.guarded, 2> behind_gradients_;
  alignas(buffer_alignment) float state_[at_least_one(optimizer_bytes / sizeof(float))]{};
  alignas(buffer_alignment) std::byte arena_[arena_bytes];
  const float* given_ = nullptr;
  std::uint64_t seed_, runs_ = 0, updates_ = 0;
  float lr_ = static_cast<float>(optimizer.lr);
  std::size_t threads_ = options.threads, outputs_ = 0;
  bool pending_ = false;  // gradients hold a batch that was not applied
};

}  // namespace etch
