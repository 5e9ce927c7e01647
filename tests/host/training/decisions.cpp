// What test losses decide: by hand, and as the schedule of the library has it.
#include <etch/host/training/decisions.hpp>

#include <catch2/catch.hpp>

using namespace etch;
using namespace etch::host;

namespace {

std::vector<EpochScores> history_of(std::initializer_list<double> losses) {
  std::vector<EpochScores> history;
  for (const double loss : losses) {
    history.push_back({{1, Task::classes, {0, 0}}, {loss, Task::classes, {0, 0}}});
  }
  return history;
}

}  // namespace

TEST_CASE("The best epoch is the first with the lowest test loss") {
  CHECK(best_epoch(history_of({1})) == 0);
  CHECK(best_epoch(history_of({1, 0.5, 0.7, 0.5})) == 1);
}

TEST_CASE("An epoch's rate is what was the next one's before it") {
  Settings s;
  s.schedule = "step";
  CHECK(epoch_rates(s, history_of({3, 2, 1})) ==
        std::vector<double>{lr_at(s, 0), lr_at(s, 1), lr_at(s, 2)});
  s.schedule = "plateau";
  s.patience = 0;
  CHECK(epoch_rates(s, history_of({1, 2, 0.5})) == std::vector<double>{s.lr, s.lr, s.lr * s.gamma});
}

TEST_CASE("A run stops early so many epochs after the best") {
  Settings s;
  CHECK_FALSE(stops_early(s, history_of({1, 2, 3, 4, 5})));
  s.early_stopping = 2;
  CHECK_FALSE(stops_early(s, {}));
  CHECK_FALSE(stops_early(s, history_of({1, 2})));
  CHECK(stops_early(s, history_of({1, 2, 3})));
  CHECK_FALSE(stops_early(s, history_of({1, 2, 0.5, 1})));
  CHECK(stops_early(s, history_of({1, 2, 0.5, 0.5, 0.6})));
}

TEST_CASE("The next epoch's rate: by the epoch, or by the losses so far") {
  Settings s;
  s.lr = 1;
  s.schedule = "step";
  CHECK(next_lr(s, history_of({1, 1, 1})) == lr_at(s, 3));
  s.schedule = "plateau";
  s.gamma = 0.5;
  s.patience = 1;
  s.eta_min = 0.3;
  CHECK(next_lr(s, {}) == 1);
  CHECK(next_lr(s, history_of({1, 1})) == 1);
  CHECK(next_lr(s, history_of({1, 1, 1})) == 0.5);
  CHECK(next_lr(s, history_of({1, 1, 1, 0.5, 0.6})) == 0.5);
  CHECK(next_lr(s, history_of({1, 1, 1, 1, 1})) == 0.3);
}
