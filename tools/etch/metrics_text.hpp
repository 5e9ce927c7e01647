// Metrics as they are printed.
#pragma once
#include <etch/host/training/metrics.hpp>

#include <string>

namespace etch::host {

// "loss 0.0812  accuracy  97.46 %  F1 0.9744".
std::string scores_text(const Scores& scores);
// A table of each class, label or number, and of classes which were taken for which.
std::string tables_text(const Metrics& metrics, const Targets& targets);

}  // namespace etch::host
