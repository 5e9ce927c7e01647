// etch eval: a checkpoint's loss, accuracy and F1.
#include "commands.hpp"

#include "data_options.hpp"
#include "interrupt.hpp"
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
  std::string model, checkpoint, part = "test";
  DataOptions data;
  std::size_t batch = 64, threads = 1, images = 0;
  bool non_finite = false, quiet = false;
};

// Class names in lines of 80 characters.
std::string short_name(const Targets& targets, std::size_t index) {
  constexpr std::size_t longest = 24;
  const std::string name = printable(targets.name(index));
  return name.size() > longest ? name.substr(0, longest - 2) + ".." : name;
}

std::size_t name_width(const Metrics& m, const Targets& targets) {
  std::size_t width = 5;
  for (std::size_t c = 0; c < m.classes(); ++c) {
    width = std::max(width, short_name(targets, c).size());
  }
  return width;
}

void print_classes(const Metrics& m, const Targets& targets) {
  const std::size_t width = name_width(m, targets);
  std::cout << padded_right("class", width) << "  precision  recall      F1  images\n";
  for (std::size_t c = 0; c < m.classes(); ++c) {
    const std::string name = short_name(targets, c);
    std::cout << (targets.names.empty() ? padded_left(name, width) : padded_right(name, width))
              << padded_left(fixed(m.precision(c), 4), 11) << padded_left(fixed(m.recall(c), 4), 8)
              << padded_left(fixed(m.f1(c), 4), 8) << padded_left(grouped(m.labelled(c)), 8)
              << '\n';
  }
}

// Columns have numbers: names don't fit above them.
void print_confusion(const Metrics& m, const Targets& targets) {
  const std::size_t width = targets.names.empty() ? 0 : name_width(m, targets) + 1;
  std::cout << "\nlabel (row) taken for (column)\n     " << std::string(width, ' ');
  for (std::size_t c = 0; c < m.classes(); ++c) std::cout << padded_left(std::to_string(c), 6);
  std::cout << '\n';
  for (std::size_t label = 0; label < m.classes(); ++label) {
    std::cout << padded_left(std::to_string(label), 5);
    if (width > 0) std::cout << ' ' << padded_right(short_name(targets, label), width - 1);
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
  const OpenModel model = without_softmax(open_model(o.model));
  check_threads(o.threads);
  check_threads_can_be_made(o.threads);
  if (o.batch == 0 || o.batch > 65536) {
    throw Error("--batch ", o.batch, ": must be from 1 to 65536");
  }
  const Part part = part_from_text(o.part);
  const std::optional<Checkpoint> checkpoint = open_weights(model, o.checkpoint);
  PreparedData source(o.data.path, with_given(o.data, data_of(checkpoint)),
                      input_shape(model.graph));
  const Dataset data = first(source.read(part), o.images, "--images", o.data.path);
  check_targets(data, num_classes(model.graph));
  SessionOptions options;
  options.training = {.batch = o.batch, .threads = o.threads};
  options.evaluates_only = true;
  Session session(model.graph, options);
  load_weights(session, model, checkpoint, o.non_finite ? NonFinite::taken : NonFinite::refused);
  const auto metrics = evaluate_shown(session, data, !o.quiet);
  if (!metrics) return Interrupt::exit_status();
  std::cout << model.name << " on " << grouped(data.size()) << " " << o.part << " images: loss "
            << fixed(metrics->loss(), 4) << "  accuracy " << fixed(100 * metrics->accuracy(), 2)
            << " %  macro F1 " << fixed(metrics->macro_f1(), 4) << "\n\n";
  print_classes(*metrics, data.targets);
  print_confusion(*metrics, data.targets);
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
