// What the test losses of the epochs so far decide.
#include <etch/host/training/decisions.hpp>

#include <etch/optimizers/lr_schedule.hpp>

#include <algorithm>

namespace etch::host {

std::size_t best_epoch(std::span<const EpochScores> history) {
  const auto lower = [](const EpochScores& a, const EpochScores& b) {
    return a.test.loss < b.test.loss;
  };
  return static_cast<std::size_t>(std::min_element(history.begin(), history.end(), lower) -
                                  history.begin());
}

bool stops_early(const Settings& s, std::span<const EpochScores> history) {
  if (s.early_stopping == 0 || history.empty()) return false;
  return history.size() - 1 - best_epoch(history) >= s.early_stopping;
}

double next_lr(const Settings& s, std::span<const EpochScores> history) {
  if (s.schedule != "plateau") return lr_at(s, history.size());
  ReduceLROnPlateau plateau{.factor = s.gamma, .patience = s.patience, .min_lr = s.eta_min};
  double lr = s.lr;
  for (const EpochScores& epoch : history) lr = plateau.next(lr, epoch.test.loss);
  return lr;
}

std::vector<double> epoch_rates(const Settings& s, std::span<const EpochScores> history) {
  std::vector<double> rates;
  for (std::size_t e = 0; e < history.size(); ++e) rates.push_back(next_lr(s, history.first(e)));
  return rates;
}

}  // namespace etch::host
