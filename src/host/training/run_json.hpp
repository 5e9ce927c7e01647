// Settings, progress and history as a checkpoint keeps them.
#pragma once
#include <etch/host/training/progress.hpp>
#include <etch/host/training/settings.hpp>

#include <nlohmann/json_fwd.hpp>

namespace etch::host {

// Each field under its name.
nlohmann::json to_json(const Settings& settings);
// Throws an Error that names the field, or that of check().
Settings settings_from_json(const nlohmann::json& json);

// Without the history.
nlohmann::json to_json(const Progress& progress);
nlohmann::json to_json(const std::vector<EpochScores>& history);
// Throws an Error that names the field, also where numbers contradict each other.
Progress progress_from_json(const nlohmann::json& progress, const nlohmann::json& history);

}  // namespace etch::host
