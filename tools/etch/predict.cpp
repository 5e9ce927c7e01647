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
  std::string model, checkpoint;
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

// The likeliest classes first; of two alike the first.
std::string answer(std::span<const float> outputs, const Targets& classes, std::size_t top) {
  const std::vector<double> shares = softmax(outputs);
  std::vector<std::uint32_t> order = in_order(shares.size());
  std::stable_sort(order.begin(), order.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return shares[a] > shares[b]; });
  order.resize(std::min(order.size(), top));
  std::string all;
  for (const std::uint32_t c : order) {
    all += (all.empty() ? "" : "  ") + printable(classes.name(c)) + " " + fixed(shares[c], 4);
  }
  return all;
}

void predict_file(Session& session, const Unlabelled& samples, const Targets& classes,
                  const PredictOptions& o) {
  const Shape input = input_shape(session.graph());
  const BatchReader reader(samples.data, input);
  const std::vector<std::uint32_t> all = in_order(samples.data.size());
  const std::size_t outputs = num_classes(session.graph());
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
      std::cout << printable(samples.names[at + i]) << ": " << answer(row, classes, o.top) << '\n';
    }
  }
}

int predict(const PredictOptions& o) {
  const OpenModel model = without_softmax(open_model(o.model));
  check_threads(o.threads);
  check_threads_can_be_made(o.threads);
  const std::optional<Checkpoint> checkpoint = open_weights(model, o.checkpoint);
  const Description description = with_given(o.data, data_of(checkpoint));
  SessionOptions options;
  options.training = {.batch = o.batch, .threads = o.threads};
  options.evaluates_only = true;
  Session session(model.graph, options);
  load_weights(session, model, checkpoint);
  const Targets classes{.names = description.reading.classes};
  for (const std::string& file : o.files) {
    predict_file(session, read_unlabelled(file, description, input_shape(model.graph)), classes, o);
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
