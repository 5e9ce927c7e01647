// Loss, accuracy and F1 over the batches of an epoch.
#pragma once
#include <etch/compiler.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace etch::host {

// An epoch's figures as they are printed and kept.
struct Scores {
  double loss = 0, accuracy = 0, macro_f1 = 0;  // loss: the mean an image; others in [0, 1]
  bool operator==(const Scores&) const = default;
};

// Scores over any number of batches. For one thread.
class Metrics {
 public:
  // Of no images yet.
  explicit Metrics(std::size_t classes) : classes_(classes), confusion_(classes * classes) {}

  // A batch: its mean loss, the outputs (N, classes), and the labels.
  void add(double loss, std::span<const float> outputs, std::span<const std::int32_t> labels);

  // How many images there were.
  std::uint64_t count() const { return count_; }
  // The mean over images.
  double loss() const;
  // The share of images whose largest output is that of their label; 0 of no images.
  double accuracy() const;
  // Harmonic mean of precision and recall; 0 where there is neither.
  double f1(std::size_t label) const;
  // Of the images that were taken for `label`, the share that is; 0 where there are none.
  double precision(std::size_t label) const;
  // Of the images of `label`, the share that was taken for it; 0 where there are none.
  double recall(std::size_t label) const;
  // The mean F1 over the classes that occur, as a label or as an answer; scikit-learn's
  // f1_score(average="macro").
  double macro_f1() const;
  // Three of these.
  Scores scores() const { return {loss(), accuracy(), macro_f1()}; }

  // How many images of class `label` were taken for `answer`.
  std::uint64_t confused(std::size_t label, std::size_t answer) const {
    return confusion_[label * classes_ + answer];
  }
  // How many images have this label.
  std::uint64_t labelled(std::size_t label) const;
  // How many images were taken for it.
  std::uint64_t answered(std::size_t answer) const;

  // The state, to be kept and put back: exact, so that a resumed epoch ends in the same figures.
  std::size_t classes() const { return classes_; }
  // The sum over images.
  double loss_sum() const { return loss_sum_; }
  // (label, answer): see confused().
  const std::vector<std::uint64_t>& confusion() const { return confusion_; }
  // Back from these three.
  static Metrics restored(std::size_t classes, double loss_sum,
                          std::vector<std::uint64_t> confusion);

 private:
  std::size_t classes_;
  double loss_sum_ = 0;  // over images
  std::uint64_t count_ = 0;
  std::vector<std::uint64_t> confusion_;  // (label, answer)
};

}  // namespace etch::host
