// Loss and the figures of a task over the batches of an epoch.
#include <etch/host/training/metrics.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace etch::host {

std::span<const Figure> figures_of(Task task) {
  static constexpr Figure shares[] = {{"accuracy", "accuracy", true}, {"macro_f1", "F1", false}};
  static constexpr Figure errors[] = {
      {"mae", "MAE", false}, {"rmse", "RMSE", false}, {"r2", "R2", false}};
  if (task == Task::numbers) return errors;
  return shares;
}

const char* task_name(Task task) {
  static constexpr const char* names[] = {"classes", "labels", "numbers"};
  return names[static_cast<std::size_t>(task)];
}

static double ratio(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

// The mean of f(i) over those i below n that occur.
template <class Occurs, class F>
static double mean_of(std::size_t n, const Occurs& occurs, const F& f) {
  double sum = 0;
  std::size_t occurring = 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (!occurs(i)) continue;
    sum += f(i);
    ++occurring;
  }
  return occurring == 0 ? 0 : sum / static_cast<double>(occurring);
}

Confusion::Confusion(std::size_t classes, std::vector<std::uint64_t> counts)
    : classes_(classes),
      count_(std::accumulate(counts.begin(), counts.end(), std::uint64_t{0})),
      counts_(std::move(counts)) {}

void Confusion::add(std::span<const float> outputs, std::span<const std::int32_t> labels) {
  for (std::size_t n = 0; n < labels.size(); ++n) {
    const auto row = outputs.subspan(n * classes_, classes_);
    const auto answer = std::max_element(row.begin(), row.end()) - row.begin();
    ++counts_[static_cast<std::size_t>(labels[n]) * classes_ + static_cast<std::size_t>(answer)];
  }
  count_ += labels.size();
}

double Confusion::accuracy() const {
  std::uint64_t right = 0;
  for (std::size_t c = 0; c < classes_; ++c) right += confused(c, c);
  return ratio(right, count_);
}

std::uint64_t Confusion::labelled(std::size_t label) const {
  std::uint64_t sum = 0;
  for (std::size_t c = 0; c < classes_; ++c) sum += confused(label, c);
  return sum;
}

std::uint64_t Confusion::answered(std::size_t answer) const {
  std::uint64_t sum = 0;
  for (std::size_t c = 0; c < classes_; ++c) sum += confused(c, answer);
  return sum;
}

double Confusion::precision(std::size_t c) const { return ratio(confused(c, c), answered(c)); }
double Confusion::recall(std::size_t c) const { return ratio(confused(c, c), labelled(c)); }
double Confusion::f1(std::size_t c) const {
  return ratio(2 * confused(c, c), labelled(c) + answered(c));
}

double Confusion::macro_f1() const {
  const auto occurs = [&](std::size_t c) { return labelled(c) + answered(c) > 0; };
  return mean_of(classes_, occurs, [&](std::size_t c) { return f1(c); });
}

void LabelCounts::add(std::span<const float> logits, std::span<const float> targets) {
  for (std::size_t i = 0; i < targets.size(); ++i) {
    Counts& c = counts_[i % counts_.size()];
    const bool held = targets[i] >= 0.5f, found = logits[i] > 0;
    c.right += held && found;
    c.missed += held && !found;
    c.wrong += !held && found;
  }
  samples_ += targets.size() / counts_.size();
}

double LabelCounts::accuracy() const {
  std::uint64_t errors = 0;
  for (const Counts& c : counts_) errors += c.missed + c.wrong;
  const std::uint64_t all = samples_ * counts_.size();
  return ratio(all - errors, all);
}

double LabelCounts::precision(std::size_t i) const {
  return ratio(counts_[i].right, counts_[i].right + counts_[i].wrong);
}
double LabelCounts::recall(std::size_t i) const {
  return ratio(counts_[i].right, counts_[i].right + counts_[i].missed);
}
double LabelCounts::f1(std::size_t i) const {
  const Counts& c = counts_[i];
  return ratio(2 * c.right, 2 * c.right + c.missed + c.wrong);
}

double LabelCounts::macro_f1() const {
  const auto occurs = [&](std::size_t i) { return counts_[i] != Counts{}; };
  return mean_of(counts_.size(), occurs, [&](std::size_t i) { return f1(i); });
}

// Mean and spread by Welford's update: https://doi.org/10.1080/00401706.1962.10490022
void NumberErrors::add(std::span<const float> outputs, std::span<const float> targets) {
  for (std::size_t i = 0; i < targets.size(); ++i) {
    Column& c = columns_[i % columns_.size()];
    const auto target = static_cast<double>(targets[i]);
    const double error = static_cast<double>(outputs[i]) - target;
    const double seen = static_cast<double>(samples_ + i / columns_.size() + 1);
    const double before = target - c.mean;
    c.absolute += std::abs(error);
    c.squared += error * error;
    c.mean += before / seen;
    c.spread += before * (target - c.mean);
  }
  samples_ += targets.size() / columns_.size();
}

static double mean(double sum, std::uint64_t count) {
  return count == 0 ? 0 : sum / static_cast<double>(count);
}

double NumberErrors::mae(std::size_t i) const { return mean(columns_[i].absolute, samples_); }
double NumberErrors::rmse(std::size_t i) const {
  return std::sqrt(mean(columns_[i].squared, samples_));
}
double NumberErrors::r2(std::size_t i) const {
  const Column& c = columns_[i];
  if (c.spread > 0) return 1 - c.squared / c.spread;
  return samples_ > 0 && c.squared == 0 ? 1 : 0;
}

static constexpr auto every = [](std::size_t) { return true; };

double NumberErrors::mae() const {
  return mean_of(columns_.size(), every, [&](std::size_t i) { return mae(i); });
}
double NumberErrors::rmse() const {
  return std::sqrt(
      mean_of(columns_.size(), every, [&](std::size_t i) { return rmse(i) * rmse(i); }));
}
double NumberErrors::r2() const {
  return mean_of(columns_.size(), every, [&](std::size_t i) { return r2(i); });
}

static Metrics::Counts empty(Task task, std::size_t outputs) {
  if (task == Task::labels) return LabelCounts(outputs);
  if (task == Task::numbers) return NumberErrors(outputs);
  return Confusion(outputs);
}

Metrics::Metrics(Task task, std::size_t outputs) : counts_(empty(task, outputs)) {}

void Metrics::add(double loss, std::span<const float> outputs, const BatchTargets& targets) {
  const std::uint64_t before = count();
  if (auto* classes = std::get_if<Confusion>(&counts_)) {
    classes->add(outputs, std::get<std::span<const std::int32_t>>(targets));
  } else {
    const auto values = std::get<std::span<const float>>(targets);
    if (auto* labels = std::get_if<LabelCounts>(&counts_)) labels->add(outputs, values);
    if (auto* numbers = std::get_if<NumberErrors>(&counts_)) numbers->add(outputs, values);
  }
  loss_sum_ += loss * static_cast<double>(count() - before);
}

std::size_t Metrics::outputs() const {
  if (const auto* confusion = std::get_if<Confusion>(&counts_)) return confusion->classes();
  if (const auto* some = std::get_if<LabelCounts>(&counts_)) return some->counts().size();
  return numbers().columns().size();
}

std::uint64_t Metrics::count() const {
  return std::visit([](const auto& c) { return c.count(); }, counts_);
}

double Metrics::loss() const { return mean(loss_sum_, count()); }

static std::vector<double> figures(const NumberErrors& n) { return {n.mae(), n.rmse(), n.r2()}; }
template <class Shares>
static std::vector<double> figures(const Shares& s) {
  return {s.accuracy(), s.macro_f1()};
}

Scores Metrics::scores() const {
  return {loss(), task(), std::visit([](const auto& c) { return figures(c); }, counts_)};
}

}  // namespace etch::host
