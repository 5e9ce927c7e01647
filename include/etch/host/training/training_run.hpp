// A training run over epochs of a data set, step by step, that can stop anywhere and go on later
// to the same bits.
#pragma once
#include <etch/host/data/order.hpp>
#include <etch/host/data/read_ahead.hpp>
#include <etch/host/training/checkpoint.hpp>
#include <etch/host/training/decisions.hpp>

#include <functional>
#include <optional>

namespace etch::host {

// What saves memory or time and leaves the outcome as it is.
struct RunOptions {
  std::size_t threads = 1;                   // at most
  Update update = Update::accumulate;        // see Training
  Recompute recompute = Recompute::nothing;  // see Training
  std::string network{};                     // network_text() of the graph, for the checkpoints
};

// Evaluates all of `data` in batches; `stop` is asked before each and told what is counted so far.
// Nothing where it said so. The loss is the session's without weights and label smoothing. Throws
// an Error where the targets aren't those of the loss, and Diverged where it isn't finite.
std::optional<Metrics> evaluate(Session& session, const Dataset& data,
                                const std::function<bool(const Metrics&)>& stop);

// `etch train` without its terminal. For one thread at a time; reading data ahead has one of its
// own.
class TrainingRun {
 public:
  // The data sets must outlive it; `description` says how they were made, for the checkpoint.
  // Throws an Error where the settings, the data and the network don't fit.
  TrainingRun(GraphView graph, const Settings& settings, const RunOptions& options,
              const Dataset& train, const Dataset& test, const Description& description = {});

  TrainingRun(const TrainingRun&) = delete;  // the session has an address of it

  // Parameters and running statistics to begin with, GraphView::total() numbers, instead of the
  // settings' own.
  void begin_with(std::span<const float> values);
  // Goes on where the checkpoint stopped. Throws an Error where it is of another network or was
  // trained on other data; then nothing is changed.
  void restore(const Checkpoint& checkpoint);
  // See save_checkpoint().
  void save(const std::filesystem::path& path) const;

  // Whether all epochs were trained, or early stopping ended the run.
  bool finished() const { return progress_.epoch >= settings_.epochs || stopped_early(); }
  // Whether early stopping ended it.
  bool stopped_early() const { return stops_early(settings_, progress_.history); }
  // The next epoch's, but for the warm-up.
  double epoch_lr() const { return epoch_lr_; }
  // Whether every batch of the epoch was trained on: finish_epoch() is next.
  bool epoch_trained() const { return progress_.position == train_->size(); }
  // The next batch of the epoch, of which there must be one; its mean loss. Throws Diverged where
  // that, a gradient or a running statistic isn't finite: the run is of no more use then.
  float step();
  // Ends an epoch of which every batch was trained on, whose parameters had these scores.
  void finish_epoch(const Scores& test);

  // How far it is.
  const Progress& progress() const { return progress_; }
  // Of the settings' loss.
  Task task() const { return task_of(session_.options().loss); }
  // How many steps it took, over all epochs.
  std::uint64_t steps() const { return session_.updates(); }
  // What trains and evaluates.
  Session& session() { return session_; }
  // As it was given.
  const Settings& settings() const { return settings_; }

 private:
  void begin_epoch();
  void read_next(std::uint64_t position);
  SessionOptions session_options(GraphView graph, const RunOptions& options) const;

  Settings settings_;
  Description description_;
  const Dataset* train_;
  std::vector<float> weight_numbers_;
  std::span<const float> loss_weights_;
  std::string network_;
  Session session_;
  Progress progress_;
  std::vector<float> best_;  // parameters of the best epoch; with --keep best
  double epoch_lr_ = 0;
  std::vector<std::uint32_t> order_;  // of the epoch's images
  ReadAhead reader_;                  // goes before what it reads
};

// "0.1234", "NaN" or "inf".
std::string loss_text(float loss);
// Of one image.
Shape input_shape(GraphView graph);
// How many outputs an image has.
std::size_t num_outputs(GraphView graph);

}  // namespace etch::host
