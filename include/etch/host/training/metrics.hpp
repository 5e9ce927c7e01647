// Loss and the figures of a task over the batches of an epoch.
#pragma once
#include <etch/compiler.hpp>
#include <etch/host/data/targets.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <variant>
#include <vector>

namespace etch::host {

// A number that judges a network beside the loss.
struct Figure {
  const char* key;   // in files
  const char* name;  // as it is printed
  bool is_share;     // from 0 to 1, and printed in percent
};

// accuracy and macro F1, of labels: over all of them; of numbers: MAE, RMSE and R2.
std::span<const Figure> figures_of(Task task);
// "classes", "labels", "numbers".
const char* task_name(Task task);

// An epoch's figures as they are printed and kept.
struct Scores {
  double loss = 0;                // the mean an image
  Task task = Task::classes;      // decides what the figures are
  std::vector<double> figures{};  // figures_of(task)

  bool operator==(const Scores&) const = default;
};

// Counts of classes: one label an image, and the largest output is the answer; the first of
// several.
class Confusion {
 public:
  // Of no images yet.
  explicit Confusion(std::size_t classes) : classes_(classes), counts_(classes * classes) {}
  // As counts() was: a square.
  Confusion(std::size_t classes, std::vector<std::uint64_t> counts);

  // Outputs (N, classes), labels (N).
  void add(std::span<const float> outputs, std::span<const std::int32_t> labels);

  // How many there are.
  std::size_t classes() const { return classes_; }
  // How many images there were.
  std::uint64_t count() const { return count_; }
  // The share of images whose largest output is that of their label; 0 of no images.
  double accuracy() const;
  // Of the images that were taken for `label`, the share that is; 0 where there are none.
  double precision(std::size_t label) const;
  // Of the images of `label`, the share that was taken for it; 0 where there are none.
  double recall(std::size_t label) const;
  // Harmonic mean of precision and recall; 0 where there is neither.
  double f1(std::size_t label) const;
  // The mean F1 over the classes that occur, as a label or as an answer; scikit-learn's
  // f1_score(average="macro").
  double macro_f1() const;

  // How many images of class `label` were taken for `answer`.
  std::uint64_t confused(std::size_t label, std::size_t answer) const {
    return counts_[label * classes_ + answer];
  }
  // How many images have this label.
  std::uint64_t labelled(std::size_t label) const;
  // How many images were taken for it.
  std::uint64_t answered(std::size_t answer) const;
  // (label, answer): see confused().
  const std::vector<std::uint64_t>& counts() const { return counts_; }

 private:
  std::size_t classes_;
  std::uint64_t count_ = 0;
  std::vector<std::uint64_t> counts_;
};

// Labels that hold (a target of at least 0.5) or don't, each on its own; a logit above 0, a
// probability above 0.5, is the answer that it holds.
class LabelCounts {
 public:
  // Of one label.
  struct Counts {
    std::uint64_t right = 0, missed = 0, wrong = 0;  // held and found, held only, found only

    bool operator==(const Counts&) const = default;
  };

  // Of no samples yet.
  explicit LabelCounts(std::size_t labels) : counts_(labels) {}
  // As count() and counts() were.
  LabelCounts(std::uint64_t samples, std::vector<Counts> counts)
      : samples_(samples), counts_(std::move(counts)) {}

  // Logits and targets (N, labels).
  void add(std::span<const float> logits, std::span<const float> targets);

  // How many samples there were.
  std::uint64_t count() const { return samples_; }
  // The share of right answers among all of all labels.
  double accuracy() const;
  // Of the samples in which it was found, the share in which it held; 0 where there are none.
  double precision(std::size_t label) const;
  // Of the samples in which it held, the share in which it was found; 0 where there are none.
  double recall(std::size_t label) const;
  // Harmonic mean of precision and recall; 0 where there is neither.
  double f1(std::size_t label) const;
  // The mean F1 over the labels that held or were found at all.
  double macro_f1() const;
  // One for each label.
  const std::vector<Counts>& counts() const { return counts_; }

 private:
  std::uint64_t samples_ = 0;
  std::vector<Counts> counts_;
};

// Numbers: how far outputs are from targets, a column a number of the output.
class NumberErrors {
 public:
  // Of one number.
  struct Column {
    double absolute = 0, squared = 0;  // sums of |output - target| and of its square
    double mean = 0, spread = 0;       // of the targets; spread: sum of squares around the mean

    bool operator==(const Column&) const = default;
  };

  // Of no samples yet.
  explicit NumberErrors(std::size_t outputs) : columns_(outputs) {}
  // As count() and columns() were.
  NumberErrors(std::uint64_t samples, std::vector<Column> columns)
      : samples_(samples), columns_(std::move(columns)) {}

  // Outputs and targets (N, outputs).
  void add(std::span<const float> outputs, std::span<const float> targets);

  // How many samples there were.
  std::uint64_t count() const { return samples_; }
  // The mean absolute error of a column.
  double mae(std::size_t column) const;
  // The root of its mean squared error.
  double rmse(std::size_t column) const;
  // The share of the targets' variance that is explained; scikit-learn's r2_score: of a constant
  // target 1 where every output is right, else 0.
  double r2(std::size_t column) const;
  // Over all numbers.
  double mae() const;
  // The same.
  double rmse() const;
  // The mean over the columns.
  double r2() const;
  // One for each number of the output.
  const std::vector<Column>& columns() const { return columns_; }

 private:
  std::uint64_t samples_ = 0;
  std::vector<Column> columns_;
};

// What is counted over the batches of an epoch. For one thread.
class Metrics {
 public:
  // In the order of Task.
  using Counts = std::variant<Confusion, LabelCounts, NumberErrors>;

  // Of no samples yet, of a network with so many outputs.
  Metrics(Task task, std::size_t outputs);
  // As loss_sum() and counts() were: exact, so that a resumed epoch ends in the same figures.
  Metrics(double loss_sum, Counts counts) : loss_sum_(loss_sum), counts_(std::move(counts)) {}

  // A batch: its mean loss, the outputs (N, outputs), and the targets.
  void add(double loss, std::span<const float> outputs, const BatchTargets& targets);

  // What the network is to answer.
  Task task() const { return static_cast<Task>(counts_.index()); }
  // How many outputs it has.
  std::size_t outputs() const;
  // How many samples there were.
  std::uint64_t count() const;
  // The mean over samples.
  double loss() const;
  // The sum over samples.
  double loss_sum() const { return loss_sum_; }
  // The loss and the figures of the task.
  Scores scores() const;

  // What is counted, of whatever task.
  const Counts& counts() const { return counts_; }
  // Of Task::classes alone.
  const Confusion& classes() const { return std::get<Confusion>(counts_); }
  // Of Task::labels alone.
  const LabelCounts& labels() const { return std::get<LabelCounts>(counts_); }
  // Of Task::numbers alone.
  const NumberErrors& numbers() const { return std::get<NumberErrors>(counts_); }

 private:
  double loss_sum_ = 0;
  Counts counts_;
};

}  // namespace etch::host
