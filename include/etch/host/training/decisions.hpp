// What the test losses of the epochs so far decide. All of it follows from the history, which a
// checkpoint has: a resumed run decides as an uninterrupted one.
#pragma once
#include <etch/host/training/progress.hpp>
#include <etch/host/training/settings.hpp>

#include <span>
#include <vector>

namespace etch::host {

// The index of the epoch with the lowest test loss, the first of several; there must be one.
std::size_t best_epoch(std::span<const EpochScores> history);
// Whether --early-stopping ends the run: the best epoch is as many epochs ago.
bool stops_early(const Settings& settings, std::span<const EpochScores> history);
// The learning rate of the next epoch, of every schedule.
double next_lr(const Settings& settings, std::span<const EpochScores> history);
// That of each epoch of the history.
std::vector<double> epoch_rates(const Settings& settings, std::span<const EpochScores> history);

}  // namespace etch::host
