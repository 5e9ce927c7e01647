// Training and evaluation of a graph with options chosen at run time.
#include "program/session.hpp"

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

std::vector<const char*> state_names(const AnyOptimizer& optimizer) {
  const std::size_t states = std::visit([](const auto& o) { return o.states(); }, optimizer);
  if (states == 0) return {};
  if (states == 1) return {"momentum_buffer"};
  return {"exp_avg", "exp_avg_sq"};
}

Session::Session(GraphView graph, const SessionOptions& options)
    : graph_(graph),
      options_(options),
      training_(trains() ? make_program(graph, options.training) : Program{}),
      inference_(
          make_program(graph, InferenceOptions{options.training.batch, options.training.threads})),
      parameters_(graph.total()),
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

float Session::step(std::span<const float> images, std::span<const std::int32_t> labels,
                    float max_norm) {
  pending_ = false;
  const float loss = backward(images, labels);
  if (max_norm > 0) clip_grad_norm(max_norm);
  if (!fused()) update();
  return loss;
}

float Session::backward(std::span<const float> images, std::span<const std::int32_t> labels,
                        float scale) {
  Memory m = memory(images);
  m.trained = parameters_.data();
  m.gradients = gradients_.data();
  m.key = mix(mix(options_.seed) + runs_++) + 1;
  m.accumulate = pending_;
  const auto run_loss = [&](const Step& s) {
    loss_ = options_.loss(
        {m.batch, output_size_, m.threads, scale, m.source(s.y), labels.data(), m.at(s.dy)});
  };
  const auto update = [&](const Step& s) { move(s.parameters, s.count, m.at(s.gradients)); };
  run_training(training_.steps, m, run_loss, update);
  if (fused()) ++updates_;
  pending_ = true;
  output_ = {m.source(training_.output), m.batch * output_size_};
  return loss_;
}

void Session::update() {
  move(0, graph_.num_trainable, gradients_.data());
  ++updates_;
  pending_ = false;
}

void Session::move(std::size_t at, std::size_t count, const float* gradients) {
  float* state = state_.size() > 0 ? state_.data() + at : nullptr;
  const OptimizerCall call{count, options_.training.threads, updates_ + 1,
                           lr_,   parameters_.data() + at,   gradients,
                           state, graph_.num_trainable};
  std::visit([&](const auto& optimizer) { optimizer(call); }, options_.optimizer);
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
  for (const Step& s : inference_.steps) run_step(s, m);
  return {m.source(inference_.output), m.batch * output_size_};
}

}  // namespace etch::host
