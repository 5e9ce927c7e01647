// etch train: trains a model.
#include "commands.hpp"

#include "data_options.hpp"
#include "interrupt.hpp"
#include "metrics_text.hpp"
#include "process.hpp"
#include "progress_bar.hpp"
#include "surroundings.hpp"
#include "training/run_json.hpp"

#include <etch/host/error.hpp>
#include <etch/host/format.hpp>
#include <etch/host/network/open_model.hpp>
#include <etch/host/training/training_run.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <iostream>
#include <optional>

namespace etch::host {
namespace {

namespace fs = std::filesystem;

struct TrainOptions {
  Settings settings;
  RunOptions run;
  DataOptions data;
  std::string checkpoint, update = "accumulate", recompute = "nothing";
  std::size_t train_images = 0, test_images = 0, max_steps = 0, print_steps = 0;
  bool resume = false, overwrite = false, quiet = false;
  std::vector<std::string> given;  // names of settings on the command line
};

// A mean over the latest steps: what the progress bar shows.
class RecentLoss {
 public:
  void add(float loss) {
    if (recent_.size() < span) {
      recent_.push_back(loss);
    } else {
      recent_[next_] = loss;
      next_ = (next_ + 1) % span;
    }
  }
  std::string note() const {
    double sum = 0;
    for (const float x : recent_) sum += static_cast<double>(x);
    return "loss " + fixed(sum / static_cast<double>(recent_.size()), 4);
  }

 private:
  static constexpr std::size_t span = 50;
  std::vector<float> recent_;
  std::size_t next_ = 0;
};

class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// --print-steps: a line every so many steps with their mean loss and time.
class StepPrinter {
 public:
  explicit StepPrinter(std::size_t every) : every_(every) {}

  bool add(float loss) {
    sum_ += static_cast<double>(loss);
    return every_ > 0 && ++steps_ == every_;
  }
  void print(std::uint64_t step) {
    const double n = static_cast<double>(steps_);
    std::cout << "step " << padded_left(std::to_string(step), 6) << "  loss " << fixed(sum_ / n, 4)
              << "  " << fixed(1000 * watch_.seconds() / n, 1) << " ms a step" << std::endl;
    *this = StepPrinter(every_);
  }

 private:
  std::size_t every_, steps_ = 0;
  double sum_ = 0;
  Stopwatch watch_;
};

OpenModel opened(const Settings& settings) {
  OpenModel model = logits_of(open_model(settings.model), task_of(make_loss(settings)));
  if (settings.init != "file" || model.values != nullptr) return model;
  throw Error("--init file: ", model.name, " has no weights of its own");
}

RunOptions with_network(RunOptions run, const OpenModel& model) {
  run.network = model.network;
  return run;
}

class Command {
 public:
  explicit Command(const TrainOptions& options)
      : o_(options),
        model_(opened(o_.settings)),
        data_(o_.data.path, o_.data.description, input_shape(model_.graph)),
        tested_(data_.has(Part::validation) ? Part::validation : Part::test),
        train_(read(Part::train, o_.train_images)),
        test_(read(tested_, o_.test_images)),
        run_(model_.graph, o_.settings, with_network(o_.run, model_), train_, test_,
             data_.description()) {
    data_.forget();
    if (o_.settings.init == "file") run_.begin_with(*model_.values);
  }

  void resume(const Checkpoint& checkpoint) {
    note_unchecked(checkpoint.path(), checkpoint.has_checksum());
    run_.restore(checkpoint);
    saved_ = run_.steps();
  }

  int run() {
    const Interrupt interrupt;
    try {
      return train();
    } catch (const Diverged& e) {
      throw Error("training stopped: ", e.what(), "; ", kept(), "; a new run may do better with a ",
                  "smaller --lr (this one's is ", run_.settings().lr, ") or with --clip-grad-norm");
    }
  }

 private:
  int train() {
    print_start();
    print_schedule();
    while (!run_.finished()) {
      const Stopwatch watch;
      train_epoch();
      if (stopped()) return stop();
      if (enough_steps()) return end_early(watch);
      const auto test = evaluate_test();
      if (!test) return stop();
      print_epoch(run_.progress().running.scores(), test->scores(), watch.seconds());
      const double lr = run_.epoch_lr();
      run_.finish_epoch(test->scores());
      save();
      print_decisions(lr);
    }
    if (!o_.checkpoint.empty() && !unsaved_) std::cout << "saved in " << o_.checkpoint << std::endl;
    return unsaved_ ? 1 : 0;
  }

  Dataset read(Part part, std::size_t limit) {
    const Dataset data = data_.read(part);
    return first(data, limit, part == Part::train ? "--train-images" : "--test-images",
                 o_.data.path);
  }

  static bool stopped() { return Interrupt::signal() != 0; }
  bool enough_steps() const { return o_.max_steps > 0 && run_.steps() >= o_.max_steps; }
  bool bar_shown() const { return !o_.quiet; }

  std::string epoch_label() const {
    return text("epoch ", run_.progress().epoch + 1, "/", run_.settings().epochs);
  }

  void print_start() const {
    std::cout << model_.name << ": " << grouped(model_.graph.num_parameters) << " parameters, "
              << grouped(train_.size()) << " training and " << grouped(test_.size()) << " "
              << part_name(tested_) << " images, " << o_.run.threads
              << (o_.run.threads == 1 ? " thread" : " threads");
    if (o_.resume) {
      std::cout << "; goes on at epoch " << run_.progress().epoch + 1 << ", image "
                << grouped(run_.progress().position);
    }
    std::cout << std::endl;
  }

  // What a resumed run does with more epochs, which the schedule of the first ones didn't know of.
  void print_schedule() const {
    const Settings& s = run_.settings();
    if (!o_.resume || s.schedule != "cosine" || run_.finished()) return;
    std::cout << "learning rate: half a cosine over " << cosine_epochs(s) << " epochs, "
              << text(lr_at(s, run_.progress().epoch)) << " in epoch " << run_.progress().epoch + 1
              << " and " << text(lr_at(s, s.epochs - 1)) << " in epoch " << s.epochs << std::endl;
  }

  // What the epoch's test loss decided.
  void print_decisions(double lr_before) const {
    const auto& history = run_.progress().history;
    const std::size_t best = best_epoch(history);
    if (run_.stopped_early()) {
      std::cout << "stopped early: no " << part_name(tested_) << " loss is below that of epoch "
                << best + 1 << ", " << fixed(history[best].test.loss, 4) << std::endl;
    } else if (run_.settings().schedule == "plateau" && run_.epoch_lr() < lr_before) {
      std::cout << "learning rate: " << text(run_.epoch_lr()) << " from now on, since no "
                << part_name(tested_) << " loss "
                << "is below that of epoch " << best + 1 << std::endl;
    }
    if (run_.settings().keep == "best" && run_.finished()) {
      std::cout << "the parameters kept are those of epoch " << best + 1 << std::endl;
    }
  }

  void print_epoch(const Scores& train, const Scores& test, double seconds) const {
    std::cout << epoch_label() << "  train " << scores_text(train) << "  " << part_name(tested_)
              << " " << scores_text(test) << "  " << duration_text(seconds) << std::endl;
  }

  void train_epoch() {
    ProgressBar bar(epoch_label(), train_.size(), run_.progress().position, bar_shown());
    RecentLoss recent;
    StepPrinter printer(o_.print_steps);
    while (!run_.epoch_trained() && !stopped() && !enough_steps()) {
      const float loss = run_.step();
      recent.add(loss);
      bar.update(run_.progress().position, recent.note());
      if (!printer.add(loss)) continue;
      bar.erase();
      printer.print(run_.steps());
    }
  }

  std::optional<Metrics> evaluate_test() {
    ProgressBar bar(epoch_label() + " " + part_name(tested_), test_.size(), 0, bar_shown());
    return evaluate(run_.session(), test_, [&](const Metrics& so_far) {
      bar.update(so_far.count(), "");
      return stopped();
    });
  }

  // The run goes on without: there may be room for the next one.
  void save() {
    if (o_.checkpoint.empty()) return;
    unsaved_ = true;
    try {
      run_.save(o_.checkpoint);
      unsaved_ = false;
      saved_ = run_.steps();
    } catch (const Diverged&) {
      throw;
    } catch (const std::exception& e) {
      std::cerr << "etch: nothing was saved after step " << run_.steps() << ": " << sentence(e)
                << "; " << kept() << std::endl;
    }
  }

  // What there is to go on with.
  std::string kept() const {
    if (!saved_) return "nothing was saved before";
    return text(o_.checkpoint, " holds the run after step ", *saved_);
  }

  // Ctrl-C: what was trained stays.
  int stop() {
    save();
    std::cout << "stopped in epoch " << run_.progress().epoch + 1 << " after "
              << grouped(run_.progress().position) << " of " << grouped(train_.size()) << " images"
              << std::endl;
    if (o_.checkpoint.empty()) {
      std::cout << "nothing was saved: there is no --checkpoint FILE" << std::endl;
    } else if (saved_) {
      std::cout << "go on with: etch train " << model_.name << " --data "
                << shell_word(o_.data.path) << " --checkpoint " << shell_word(o_.checkpoint)
                << limits() << " --resume" << std::endl;
    }
    return unsaved_ ? 1 : Interrupt::exit_status();
  }

  // What decides which data is seen isn't in the checkpoint.
  std::string limits() const {
    return (o_.train_images > 0 ? text(" --train-images ", o_.train_images) : "") +
           (o_.test_images > 0 ? text(" --test-images ", o_.test_images) : "");
  }

  // --max-steps: figures of the part of the epoch that was trained; the epoch stays open.
  int end_early(const Stopwatch& watch) {
    save();
    const auto test = evaluate_test();
    if (!test) return Interrupt::exit_status();
    print_epoch(run_.progress().running.scores(), test->scores(), watch.seconds());
    std::cout << "ended after " << grouped(run_.steps()) << " steps (--max-steps), "
              << grouped(run_.progress().position) << " of " << grouped(train_.size())
              << " images into the epoch" << std::endl;
    return unsaved_ ? 1 : 0;
  }

  TrainOptions o_;
  OpenModel model_;
  PreparedData data_;
  Part tested_;  // what an epoch is evaluated on
  Dataset train_, test_;
  TrainingRun run_;
  bool unsaved_ = false;                // the last save failed
  std::optional<std::uint64_t> saved_;  // the step after which the checkpoint's was made
};

// Settings come from the checkpoint; one that is given all the same must be equal, but for those
// that say when to end.
void take_settings(const Checkpoint& checkpoint, TrainOptions& o) {
  const Settings stored = checkpoint.settings();
  const nlohmann::json was = to_json(stored), is = to_json(o.settings);
  for (const std::string& name : o.given) {
    if (name == "epochs" || name == "early-stopping" || was.at(name) == is.at(name)) continue;
    throw Error(name == "model" ? "" : "--", name, " ", is.at(name).dump(), ": ", o.checkpoint,
                " was trained with ", was.at(name).dump(),
                name == "model" ? "" : "; leave it out to go on with that");
  }
  const auto given = [&](const char* name) {
    return std::find(o.given.begin(), o.given.end(), name) != o.given.end();
  };
  const std::size_t epochs = o.settings.epochs, early_stopping = o.settings.early_stopping;
  o.data.description = same_as_stored(o.data, checkpoint.data(), o.checkpoint);
  o.settings = stored;
  if (given("epochs")) set_epochs(o.settings, epochs);
  if (given("early-stopping")) o.settings.early_stopping = early_stopping;
}

// Before hours of training, not after them.
void check_checkpoint(const TrainOptions& o) {
  const bool exists = fs::exists(o.checkpoint);
  if (o.resume && o.overwrite) throw Error("--resume and --overwrite: only one of both");
  if (o.resume && !exists) throw Error(o.checkpoint, ": isn't there, so it can't be resumed");
  if (exists && !o.resume && !o.overwrite) {
    throw Error(o.checkpoint,
                ": is there already; --resume goes on with it, --overwrite begins "
                "anew");
  }
  const FileReplacement could_be_written(o.checkpoint);
}

template <class E>
E choice(const char* option, const std::string& value, const char* first, const char* second,
         E as_first, E as_second) {
  if (value == first) return as_first;
  if (value == second) return as_second;
  throw Error(option, " ", value, ": must be ", first, " or ", second);
}

int train(TrainOptions o) {
  check_threads(o.run.threads);
  check_threads_can_be_made(o.run.threads);
  o.run.update =
      choice("--update", o.update, "accumulate", "fused", Update::accumulate, Update::fused);
  o.run.recompute = recompute_from_text(o.recompute);
  std::optional<FileLock> lock;
  std::optional<Checkpoint> resumed;
  if (!o.checkpoint.empty()) {
    lock.emplace(o.checkpoint);
    check_checkpoint(o);
  } else if (o.resume || o.overwrite) {
    throw Error("--resume and --overwrite need a --checkpoint FILE");
  }
  // A network of a file begins with the file's weights.
  const bool init_given = std::ranges::find(o.given, "init") != o.given.end();
  if (!init_given && !is_model_name(o.settings.model)) o.settings.init = "file";
  if (o.resume) take_settings(resumed.emplace(o.checkpoint), o);
  check(o.settings);
  Command command(o);
  if (resumed) command.resume(*resumed);
  resumed.reset();
  return command.run();
}

// A setting's option carries the setting's name.
template <class T>
void add_setting(CLI::App& command, const char* name, T& field, const std::string& about) {
  CLI::Option* option =
      command.add_option(std::string("--") + name, field, about + " [" + text(field) + "]");
  if constexpr (std::is_unsigned_v<T>) option->check(not_negative);
  if constexpr (std::is_floating_point_v<T>) option->check(number);
}

void add_settings(CLI::App& c, Settings& s) {
  add_setting(c, "epochs", s.epochs, "how often all images are seen");
  add_setting(c, "batch", s.batch, "images a step");
  add_setting(c, "optimizer", s.optimizer, "sgd, adam, adamw or adabound");
  c.add_option("--lr", s.lr, "learning rate [0.001; sgd: 0.01]")->check(number);
  add_setting(c, "momentum", s.momentum, "of sgd");
  c.add_flag("--nesterov", s.nesterov, "Nesterov's momentum, of sgd");
  c.add_option("--weight-decay", s.weight_decay, "of every optimizer [0; adamw: 0.01]")
      ->check(number);
  add_setting(c, "decay", s.decay, "what decays: all, or weights alone (no biases, no norms)");
  add_setting(c, "lr-factors", s.lr_factors,
              "other rates of layers: fc=10,layer1=0.1 times the rate; 0: stays as it is");
  add_setting(c, "final-lr", s.final_lr, "of adabound: the rate of sgd it ends as");
  add_setting(c, "schedule", s.schedule, "of the learning rate: none, step, cosine or plateau");
  add_setting(c, "step-size", s.step_size, "of schedule step: epochs until the rate falls");
  add_setting(c, "gamma", s.gamma, "of schedules step and plateau: by this factor");
  add_setting(c, "patience", s.patience,
              "of schedule plateau: epochs it bears without a lower loss");
  add_setting(c, "warmup", s.warmup, "steps in which the rate rises, before any schedule");
  c.add_option("--t-max", s.t_max, "of schedule cosine: epochs until its end [--epochs]")
      ->check(not_negative);
  add_setting(c, "eta-min", s.eta_min, "of schedules cosine and plateau: the lowest rate");
  add_setting(c, "init", s.init,
              "initial weights: uniform (as PyTorch), normal (Kaiming), or the file's");
  add_setting(c, "loss", s.loss,
              "of classes: cross_entropy; of labels of which several may hold: bce_with_logits; of "
              "numbers: mse, l1, smooth_l1, huber");
  add_setting(c, "beta", s.beta, "of loss smooth_l1: where its absolute error begins");
  add_setting(c, "delta", s.delta, "of loss huber: the same");
  add_setting(c, "pos-weight", s.pos_weight,
              "of loss bce_with_logits: none, balanced, or one a label: 1,8");
  add_setting(c, "label-smoothing", s.label_smoothing, "share of the label given to all classes");
  add_setting(c, "class-weights", s.class_weights,
              "none, balanced (by rarity), or one a class: 1,0.5,2");
  add_setting(c, "early-stopping", s.early_stopping,
              "end after so many epochs without a lower loss; 0: don't");
  add_setting(c, "keep", s.keep, "parameters of the last epoch, or the best (lowest loss)");
  add_setting(c, "clip-grad-norm", s.clip_grad_norm, "the gradients' norm is cut to this; 0: not");
  add_setting(c, "seed", s.seed, "of first weights, order of images and dropout");
  add_setting(c, "augment", s.augment, "training images: flip,crop=0.8,shift=2,noise=0.05");
  c.add_flag("--winograd", s.winograd, "faster 3x3 convolutions, rounded more, where they pay");
}

void add_run_options(CLI::App& c, TrainOptions& o) {
  add_data_set(c, o.data);
  c.add_option("--checkpoint", o.checkpoint, "file to save to after each epoch and at a stop");
  c.add_flag("--resume", o.resume, "go on with the checkpoint, with its settings");
  c.add_flag("--overwrite", o.overwrite, "replace a checkpoint that is there");
  add_threads(c, o.run.threads);
  c.add_option("--update", o.update, "memory: accumulate, or fused (no gradient block)");
  c.add_option(
      "--recompute", o.recompute,
      "memory: nothing, elementwise (activations anew), blocks, or an arena to fit, such as 60MiB");
  c.add_option("--max-steps", o.max_steps, "end after so many steps")->check(not_negative);
  c.add_option("--train-images", o.train_images, "train on the first so many images only")
      ->check(not_negative);
  c.add_option("--test-images", o.test_images, "test on the first so many images only")
      ->check(not_negative);
  c.add_option("--print-steps", o.print_steps, "print loss and time every so many steps")
      ->check(not_negative);
  c.add_flag("--quiet", o.quiet, "no progress bar");
}

// What was given, and defaults that depend on other options.
void complete(const CLI::App& command, TrainOptions& o) {
  const nlohmann::json names = to_json(o.settings);
  for (const auto& [name, value] : names.items()) {
    if (name == "model" || command.count("--" + name) > 0) o.given.push_back(name);
  }
  Settings& s = o.settings;
  if (s.optimizer == "sgd" && command.count("--lr") == 0) s.lr = 0.01;
  if (s.optimizer == "adamw" && command.count("--weight-decay") == 0) s.weight_decay = 0.01;
  complete(command, o.data);
}

}  // namespace

void add_train(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("train", "train a model");
  auto o = std::make_shared<TrainOptions>();
  add_model(*command, o->settings.model);
  add_settings(*command, o->settings);
  add_run_options(*command, *o);
  command->callback([command, o, &action] {
    complete(*command, *o);
    action = [o] { return train(*o); };
  });
}

}  // namespace etch::host
