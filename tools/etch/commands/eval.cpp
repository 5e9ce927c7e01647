// etch eval: a checkpoint's loss, accuracy and F1.
#include "commands/commands.hpp"

#include "commands/interrupt.hpp"
#include "commands/progress_bar.hpp"
#include "commands/surroundings.hpp"
#include "error.hpp"
#include "format.hpp"
#include "network/models.hpp"
#include "training/training_run.hpp"

#include <iostream>

namespace etch::host {
namespace {

struct EvalOptions {
  std::string model, data = "data/mnist", checkpoint, part = "test";
  std::size_t batch = 64, threads = 1, images = 0;
  bool non_finite = false, quiet = false;
};

void print_classes(const Metrics& m) {
  std::cout << "class  precision  recall      F1  images\n";
  for (std::size_t c = 0; c < m.classes(); ++c) {
    std::cout << padded_left(std::to_string(c), 5) << padded_left(fixed(m.precision(c), 4), 11)
              << padded_left(fixed(m.recall(c), 4), 8) << padded_left(fixed(m.f1(c), 4), 8)
              << padded_left(grouped(m.labelled(c)), 8) << '\n';
  }
}

void print_confusion(const Metrics& m) {
  std::cout << "\nlabel (row) taken for (column)\n     ";
  for (std::size_t c = 0; c < m.classes(); ++c) std::cout << padded_left(std::to_string(c), 6);
  std::cout << '\n';
  for (std::size_t label = 0; label < m.classes(); ++label) {
    std::cout << padded_left(std::to_string(label), 5);
    for (std::size_t c = 0; c < m.classes(); ++c) {
      std::cout << padded_left(std::to_string(m.confused(label, c)), 6);
    }
    std::cout << '\n';
  }
}

std::optional<Metrics> evaluate_shown(Session& session, const Dataset& data, bool shown) {
  const Interrupt interrupt;
  ProgressBar bar("evaluate", data.size(), 0, shown);
  return evaluate(session, data, [&](const Metrics& so_far) {
    bar.update(so_far.count(), "");
    return Interrupt::signal() != 0;
  });
}

int eval(const EvalOptions& o) {
  const Model& model = find_model(o.model);
  check_threads(o.threads);
  check_threads_can_be_made(o.threads);
  if (o.batch == 0 || o.batch > 65536) {
    throw Error("--batch ", o.batch, ": must be from 1 to 65536");
  }
  if (o.part != "test" && o.part != "train") {
    throw Error("--part ", o.part, ": must be test or train");
  }
  const Part part = o.part == "test" ? Part::test : Part::train;
  const Checkpoint checkpoint(o.checkpoint);
  note_unchecked(checkpoint.path(), checkpoint.has_checksum());
  const Dataset data = read_dataset(o.data, part, num_classes(model.graph), o.images);
  if (o.images > data.size()) {
    throw Error("--images ", o.images, ": ", o.data, " has only ", data.size());
  }
  SessionOptions options;
  options.training = {.batch = o.batch, .threads = o.threads};
  options.evaluates_only = true;
  Session session(model.graph, options);
  checkpoint.restore_model(session, o.non_finite ? NonFinite::taken : NonFinite::refused);
  const auto metrics = evaluate_shown(session, data, !o.quiet);
  if (!metrics) return Interrupt::exit_status();
  std::cout << model.name << " on " << grouped(data.size()) << " " << o.part << " images: loss "
            << fixed(metrics->loss(), 4) << "  accuracy " << fixed(100 * metrics->accuracy(), 2)
            << " %  macro F1 " << fixed(metrics->macro_f1(), 4) << "\n\n";
  print_classes(*metrics);
  print_confusion(*metrics);
  return 0;
}

}  // namespace

void add_eval(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("eval", "evaluate a checkpoint");
  auto o = std::make_shared<EvalOptions>();
  add_model(*command, o->model);
  command->add_option("--checkpoint", o->checkpoint, "file of `etch train`")->required();
  command->add_option("--data", o->data, "folder of the idx files [" + o->data + "]");
  command->add_option("--part", o->part, "test or train [test]");
  command->add_option("--images", o->images, "the first so many images only")->check(not_negative);
  command->add_option("--batch", o->batch, "images a step [64]")->check(not_negative);
  add_threads(*command, o->threads);
  command->add_flag("--non-finite", o->non_finite,
                    "evaluate weights that are NaN or infinite, too");
  command->add_flag("--quiet", o->quiet, "no progress bar");
  command->callback([o, &action] { action = [o] { return eval(*o); }; });
}

}  // namespace etch::host
