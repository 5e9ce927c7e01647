// Loss, accuracy and F1 over the batches of an epoch.
#include <etch/host/training/metrics.hpp>

#include <algorithm>
#include <numeric>

namespace etch::host {

static double ratio(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

void Metrics::add(double loss, std::span<const float> outputs,
                  std::span<const std::int32_t> labels) {
  loss_sum_ += loss * static_cast<double>(labels.size());
  count_ += labels.size();
  for (std::size_t n = 0; n < labels.size(); ++n) {
    const auto row = outputs.subspan(n * classes_, classes_);
    const auto answer = std::max_element(row.begin(), row.end()) - row.begin();
    ++confusion_[static_cast<std::size_t>(labels[n]) * classes_ + static_cast<std::size_t>(answer)];
  }
}

double Metrics::loss() const { return count_ == 0 ? 0 : loss_sum_ / static_cast<double>(count_); }

double Metrics::accuracy() const {
  std::uint64_t right = 0;
  for (std::size_t c = 0; c < classes_; ++c) right += confused(c, c);
  return ratio(right, count_);
}

std::uint64_t Metrics::labelled(std::size_t label) const {
  std::uint64_t sum = 0;
  for (std::size_t c = 0; c < classes_; ++c) sum += confused(label, c);
  return sum;
}

std::uint64_t Metrics::answered(std::size_t answer) const {
  std::uint64_t sum = 0;
  for (std::size_t c = 0; c < classes_; ++c) sum += confused(c, answer);
  return sum;
}

double Metrics::precision(std::size_t c) const { return ratio(confused(c, c), answered(c)); }
double Metrics::recall(std::size_t c) const { return ratio(confused(c, c), labelled(c)); }
double Metrics::f1(std::size_t c) const {
  return ratio(2 * confused(c, c), labelled(c) + answered(c));
}

double Metrics::macro_f1() const {
  double sum = 0;
  std::size_t occurring = 0;
  for (std::size_t c = 0; c < classes_; ++c) {
    if (labelled(c) + answered(c) == 0) continue;
    sum += f1(c);
    ++occurring;
  }
  return occurring == 0 ? 0 : sum / static_cast<double>(occurring);
}

Metrics Metrics::restored(std::size_t classes, double loss_sum,
                          std::vector<std::uint64_t> confusion) {
  Metrics m(classes);
  m.loss_sum_ = loss_sum;
  m.count_ = std::accumulate(confusion.begin(), confusion.end(), std::uint64_t{0});
  m.confusion_ = std::move(confusion);
  return m;
}

}  // namespace etch::host
