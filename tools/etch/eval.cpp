// etch eval: a checkpoint's loss, and accuracy and F1, or errors.
#include "commands.hpp"

#include "data_options.hpp"
#include "interrupt.hpp"
#include "metrics_text.hpp"
#include "model_weights.hpp"
#include "progress_bar.hpp"
#include "surroundings.hpp"

#include <etch/host/error.hpp>
#include <etch/host/format.hpp>
#include <etch/host/training/training_run.hpp>

#include <iostream>

namespace etch::host {
namespace {

struct EvalOptions {
  std::string model, checkpoint, loss, part = "test";
  DataOptions data;
  std::size_t batch = 64, threads = 1, images = 0;
  bool non_finite = false, quiet = false;
};

std::optional<Metrics> evaluate_shown(Session& session, const Dataset& data, bool shown) {
  const Interrupt interrupt;
  ProgressBar bar("evaluate", data.size(), 0, shown);
  return evaluate(session, data, [&](const Metrics& so_far) {
    bar.update(so_far.count(), "");
    return Interrupt::signal() != 0;
  });
}

// --loss, or that of the training, or that of classes.
AnyLoss loss_of(const EvalOptions& o, const std::optional<Checkpoint>& checkpoint) {
  Settings settings;
  if (checkpoint && checkpoint->has_settings()) settings = checkpoint->settings();
  if (o.loss.empty() || o.loss == settings.loss) return unweighted(make_loss(settings));
  settings = {.loss = o.loss};
  check(settings);
  return make_loss(settings);
}

int eval(const EvalOptions& o) {
  OpenModel model = open_model(o.model);
  check_threads(o.threads);
  check_threads_can_be_made(o.threads);
  if (o.batch == 0 || o.batch > 65536) {
    throw Error("--batch ", o.batch, ": must be from 1 to 65536");
  }
  const Part part = part_from_text(o.part);
  const std::optional<Checkpoint> checkpoint = open_weights(model, o.checkpoint);
  SessionOptions options;
  options.training = {.batch = o.batch, .threads = o.threads};
  options.loss = loss_of(o, checkpoint);
  options.evaluates_only = true;
  const Task task = task_of(options.loss);
  model = logits_of(model, task);
  PreparedData source(o.data.path, with_given(o.data, data_of(checkpoint)),
                      input_shape(model.graph));
  const Dataset data = first(source.read(part), o.images, "--images", o.data.path);
  check_targets(data, num_outputs(model.graph), task);
  Session session(model.graph, options);
  load_weights(session, model, checkpoint, o.non_finite ? NonFinite::taken : NonFinite::refused);
  const auto metrics = evaluate_shown(session, data, !o.quiet);
  if (!metrics) return Interrupt::exit_status();
  std::cout << model.name << " on " << grouped(data.size()) << " " << o.part
            << " images: " << scores_text(metrics->scores()) << "\n\n"
            << tables_text(*metrics, data.targets);
  return 0;
}

}  // namespace

void add_eval(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("eval", "evaluate a checkpoint, or a model of a file");
  auto o = std::make_shared<EvalOptions>();
  add_model(*command, o->model);
  command->add_option("--checkpoint", o->checkpoint,
                      "file of `etch train` [the MODEL's own weights]");
  add_data_set(*command, o->data);
  command->add_option("--loss", o->loss, "see `etch train` [that of the training]");
  command->add_option("--part", o->part, "test, validation or train [test]");
  command->add_option("--images", o->images, "the first so many images only")->check(not_negative);
  command->add_option("--batch", o->batch, "images a step [64]")->check(not_negative);
  add_threads(*command, o->threads);
  command->add_flag("--non-finite", o->non_finite,
                    "evaluate weights that are NaN or infinite, too");
  command->add_flag("--quiet", o->quiet, "no progress bar");
  command->callback([command, o, &action] {
    complete(*command, o->data);
    action = [o] { return eval(*o); };
  });
}

}  // namespace etch::host
