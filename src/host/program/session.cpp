// Training and evaluation of a graph with options chosen at run time.
#include <etch/host/program/session.hpp>

#include "network/names.hpp"
#include "program/not_finite.hpp"
#include "weights/state_places.hpp"

#include <etch/host/error.hpp>

#include <algorithm>
#include <cmath>

namespace etch::host {

const char* optimizer_name(const AnyOptimizer& optimizer) {
  static constexpr const char* names[] = {"sgd", "adam", "adamw", "adabound"};
  return names[optimizer.index()];
}

float initial_lr(const AnyOptimizer& optimizer) {
  return std::visit([](const auto& o) { return static_cast<float>(o.lr); }, optimizer);
}

std::vector<std::string> state_names(const AnyOptimizer& optimizer) {
  return state_names(std::visit([](const auto& o) { return o.states(); }, optimizer));
}

Session::Session(const OpenModel& model, const SessionOptions& options)
    : Session(model.graph, options) {
  keeps_ = model.run_time;
  if (model.values != nullptr) std::ranges::copy(*model.values, parameters().begin());
}

Session::Session(GraphView graph, const SessionOptions& options)
    : graph_(graph),
      options_(options),
      slices_(slices_of(graph, options)),
      training_(trains() ? make_program(graph, options.training) : Program{}),
      inference_(
          make_program(graph, InferenceOptions{options.training.batch, options.training.threads})),
      parameters_(Block<float>::zeros(graph.total())),
      gradients_(Block<float>::zeros(trains() && !fused() ? graph.num_trainable : 0)),
      state_(Block<float>::zeros(states() * graph.num_trainable)),
      arena_(std::max(training_.peak.arena_bytes, inference_.peak.arena_bytes)),
      input_size_(graph.values[0].elements()),
      output_size_(graph.values[graph.output].elements()),
      lr_(initial_lr(options.optimizer)) {
  initialize(graph, parameters_.data(), options.seed, options.initialization);
}

Memory Session::memory(std::span<const float> images) {
  Memory m;
  m.arena = arena_.data();
  m.input = images.data();
  m.parameters = parameters_.data();
  m.batch = images.size() / input_size_;
  m.threads = options_.training.threads;
  return m;
}

std::span<const float> Session::statistics() const {
  return parameters().subspan(graph_.num_trainable + graph_.num_frozen, graph_.num_buffers);
}

Memory Session::training_memory(std::span<const float> images) {
  Memory m = memory(images);
  m.trained = parameters_.data();
  m.gradients = gradients_.data();
  m.key = mix(mix(options_.seed) + runs_) + 1;
  m.accumulate = pending_;
  return m;
}

void Session::run_loss(const Step& s, const Memory& m, const BatchTargets& targets, float scale) {
  const std::span outputs(m.source(s.y), m.batch * output_size_);
  loss_ = evaluate_loss(options_.loss, m.threads, outputs, m.batch, targets, scale, m.at(s.dy));
}

float Session::step(std::span<const float> images, const BatchTargets& targets, float max_norm) {
  pending_ = false;
  const float loss = backward(images, targets);
  const std::size_t threads = options_.training.threads;
  diverged_ = diverged_ || !all_finite(statistics(), threads) || !all_finite(gradients(), threads);
  if (diverged_ || fused()) return loss;
  if (max_norm > 0) clip_grad_norm(max_norm);
  update();
  return loss;
}

float Session::backward(std::span<const float> images, const BatchTargets& targets, float scale) {
  const Memory m = training_memory(images);
  diverged_ = false;
  diverged_op_ = none;
  const auto loss = [&](const Step& s) {
    run_loss(s, m, targets, scale);
    diverged_ = !std::isfinite(loss_);
  };
  const auto update = [&](const Step& s) {
    if (diverged_) return;
    const float* gradients = m.at(s.gradients);
    if (!all_finite({gradients, s.count}, m.threads)) diverged_op_ = s.op;
    diverged_ = diverged_op_ != none;
    if (!diverged_) move(s.parameters, s.count, gradients);
  };
  const auto run = [&](const Step& s) { run_step(s, m, graph_.ops); };
  run_training(training_.steps, run, loss, update);
  ++runs_;
  if (fused() && !diverged_) ++updates_;
  pending_ = true;
  output_ = {m.source(training_.output), m.batch * output_size_};
  return loss_;
}

static constexpr const char* only_loss = "all that it is made of is finite";

std::string Session::where_diverged(std::span<const float> images, const BatchTargets& targets) {
  if (diverged_op_ != none) {
    return text("the gradient of the parameters of ", op_name(graph_, diverged_op_), " ",
                graph_.ops[diverged_op_].kind, " has a NaN or an infinity");
  }
  if (auto where = not_finite_in_parameters(graph_, parameters_.data())) return *where;
  pending_ = false;
  --runs_;
  const Memory m = training_memory(images);
  for (const Step& s : training_.steps) {
    if (s.kind == StepKind::update) continue;
    if (s.kind == StepKind::loss) {
      run_loss(s, m, targets, 1);
    } else {
      run_step(s, m, graph_.ops);
    }
    if (auto where = not_finite_after(graph_, s, m)) return *where;
  }
  return not_finite_in_statistics(graph_, parameters_.data()).value_or(only_loss);
}

std::string Session::where_evaluation_diverged(std::span<const float> images) {
  if (auto where = not_finite_in_parameters(graph_, parameters_.data())) return *where;
  if (auto where = not_finite_in_statistics(graph_, parameters_.data())) return *where;
  const Memory m = memory(images);
  for (const Step& s : inference_.steps) {
    run_step(s, m, graph_.ops);
    if (auto where = not_finite_after(graph_, s, m)) return *where;
  }
  return only_loss;
}

void Session::update() {
  move(0, graph_.num_trainable, gradients_.data());
  ++updates_;
  pending_ = false;
}

std::vector<Session::Slice> Session::slices_of(GraphView graph, const SessionOptions& options) {
  const std::vector<TensorRule>& rules = options.rules;
  if (rules.empty()) return {{0, graph.num_trainable, {}, options.optimizer}};
  std::vector<Slice> slices;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const Tensor& t = graph.tensors[i];
    if (t.frozen || t.buffer) continue;
    const std::size_t begin = graph.offset_of(t), end = begin + t.size();
    if (!slices.empty() && slices.back().end == begin && slices.back().rule == rules[i]) {
      slices.back().end = end;
      continue;
    }
    slices.push_back({begin, end, rules[i], options.optimizer});
    if (rules[i].decays) continue;
    std::visit([](auto& optimizer) { optimizer.weight_decay = 0; }, slices.back().optimizer);
  }
  return slices;
}

void Session::move(std::size_t at, std::size_t count, const float* gradients) {
  for (const Slice& slice : slices_) {
    const std::size_t begin = std::max(at, slice.begin), end = std::min(at + count, slice.end);
    if (begin >= end || slice.rule.lr_factor == 0) continue;
    const OptimizerCall call{end - begin,
                             options_.training.threads,
                             updates_ + 1,
                             lr_ * static_cast<float>(slice.rule.lr_factor),
                             parameters_.data() + begin,
                             gradients + (begin - at),
                             state_.size() > 0 ? state_.data() + begin : nullptr,
                             graph_.num_trainable};
    std::visit([&](const auto& optimizer) { optimizer(call); }, slice.optimizer);
  }
}

float Session::clip_grad_norm(float max_norm) {
  const std::size_t threads = options_.training.threads;
  const double norm =
      std::sqrt(kernels::squared_norm(gradients_.data(), gradients_.size(), threads));
  const double factor = static_cast<double>(max_norm) / (norm + 1e-6);
  if (factor < 1) {
    kernels::scale(gradients_.data(), gradients_.size(), static_cast<float>(factor), threads);
  }
  return static_cast<float>(norm);
}

std::span<const float> Session::evaluate(std::span<const float> images) {
  const Memory m = memory(images);
  for (const Step& s : inference_.steps) run_step(s, m, graph_.ops);
  return {m.source(inference_.output), m.batch * output_size_};
}

}  // namespace etch::host
