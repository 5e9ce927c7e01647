// etch predict: what a checkpoint's network says of images, rows and arrays.
#include "commands.hpp"
#include "data/unlabelled.hpp"
#include "data_options.hpp"
#include "model_weights.hpp"
#include "surroundings.hpp"

#include <etch/host/data/batch_reader.hpp>
#include <etch/host/data/order.hpp>
#include <etch/host/error.hpp>
#include <etch/host/format.hpp>
#include <etch/host/training/training_run.hpp>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <numeric>

namespace etch::host {
namespace {

struct PredictOptions {
  std::string model, checkpoint, task;
  std::vector<std::string> files;
  DataOptions data;
  std::size_t batch = 64, threads = 1, top = 3;
};

// exp(x) over their sum.
std::vector<double> softmax(std::span<const float> logits) {
  const double most = static_cast<double>(*std::max_element(logits.begin(), logits.end()));
  std::vector<double> shares;
  double sum = 0;
  for (const float x : logits) sum += shares.emplace_back(std::exp(static_cast<double>(x) - most));
  for (double& share : shares) share /= sum;
  return shares;
}

std::string named(const Targets& targets, std::size_t index, const std::string& value) {
  return printable(targets.name(index)) + " " + value;
}

// The likeliest classes first; of two alike the first.
std::string answer(std::span<const float> outputs, const Targets& classes, std::size_t top) {
  const std::vector<double> shares = softmax(outputs);
  std::vector<std::uint32_t> order = in_order(shares.size());
  std::stable_sort(order.begin(), order.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return shares[a] > shares[b]; });
  order.resize(std::min(order.size(), top));
  std::string all;
  for (const std::uint32_t c : order) {
    all += (all.empty() ? "" : "  ") + named(classes, c, fixed(shares[c], 4));
  }
  return all;
}

// Labels with their probabilities, or numbers, in the order of the outputs.
std::string answers(std::span<const float> outputs, const Targets& targets, Task task) {
  std::string all;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const auto x = static_cast<double>(outputs[i]);
    const std::string value = task == Task::labels ? fixed(1 / (1 + std::exp(-x)), 4) : text(x);
    all += (i == 0 ? "" : "  ") + (targets.names.empty() ? value : named(targets, i, value));
  }
  return all;
}

void predict_file(Session& session, const Unlabelled& samples, const Targets& targets,
                  const PredictOptions& o) {
  const Task task = task_of(session.options().loss);
  const Shape input = input_shape(session.graph());
  const BatchReader reader(samples.data, input);
  const std::vector<std::uint32_t> all = in_order(samples.data.size());
  const std::size_t outputs = num_outputs(session.graph());
  std::vector<float> images(std::min(o.batch, all.size()) * input.elements());
  for (std::size_t at = 0; at < all.size(); at += o.batch) {
    const std::size_t n = std::min(o.batch, all.size() - at);
    const std::span batch = std::span(images).first(n * input.elements());
    reader.read(std::span(all).subspan(at, n), batch);
    const std::span<const float> y = session.evaluate(batch);
    for (std::size_t i = 0; i < n; ++i) {
      const std::span<const float> row = y.subspan(i * outputs, outputs);
      if (!std::all_of(row.begin(), row.end(), [](float v) { return std::isfinite(v); })) {
        throw Error(samples.names[at + i], ": ", session.where_evaluation_diverged(batch));
      }
      std::cout << printable(samples.names[at + i]) << ": "
                << (task == Task::classes ? answer(row, targets, o.top)
                                          : answers(row, targets, task))
                << '\n';
    }
  }
}

// The loss of the training, or one of --task.
AnyLoss loss_of(const PredictOptions& o, const std::optional<Checkpoint>& checkpoint) {
  AnyLoss loss;
  if (checkpoint && checkpoint->has_settings()) loss = make_loss(checkpoint->settings());
  if (o.task.empty() || o.task == task_name(task_of(loss))) return loss;
  if (o.task == "classes") return CrossEntropyLoss{};
  if (o.task == "labels") return BCEWithLogitsLoss{};
  return MSELoss{};
}

int predict(const PredictOptions& o) {
  OpenModel model = open_model(o.model);
  check_threads(o.threads);
  check_threads_can_be_made(o.threads);
  const std::optional<Checkpoint> checkpoint = open_weights(model, o.checkpoint);
  const Description description = with_given(o.data, data_of(checkpoint));
  SessionOptions options;
  options.training = {.batch = o.batch, .threads = o.threads};
  options.evaluates_only = true;
  options.loss = loss_of(o, checkpoint);
  const Task task = task_of(options.loss);
  model = logits_of(model, task);
  Session session(model.graph, options);
  load_weights(session, model, checkpoint);
  const Targets targets{.names = task == Task::classes ? description.reading.classes
                                                       : description.reading.targets};
  for (const std::string& file : o.files) {
    predict_file(session, read_unlabelled(file, description, input_shape(model.graph)), targets, o);
  }
  return 0;
}

}  // namespace

void add_predict(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("predict", "ask a checkpoint about images, rows, arrays");
  auto o = std::make_shared<PredictOptions>();
  // A positional that may be left out would take the first FILE.
  o->model = default_model();
  if (o->model.empty()) add_model(*command, o->model);
  command->add_option("FILE", o->files, "PNG, JPEG, CSV or NPY files")->required();
  command->add_option("--checkpoint", o->checkpoint,
                      "file of `etch train` [the MODEL's own weights]");
  command
      ->add_option("--task", o->task,
                   "what the outputs are: classes, labels or numbers [as trained, or classes]")
      ->check(one_of({"classes", "labels", "numbers"}));
  command->add_option("--top", o->top, "so many classes, the likeliest first [3]")
      ->check(from_to(1, 1000000));
  command->add_option("--batch", o->batch, "images a step [64]")->check(from_to(1, 65536));
  add_threads(*command, o->threads);
  add_data_options(*command, o->data);
  command->callback([command, o, &action] {
    complete(*command, o->data);
    action = [o] { return predict(*o); };
  });
}

}  // namespace etch::host
