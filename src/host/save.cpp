// Parameters and trainers in safetensors files.
#include <etch/host/save.hpp>

#include "json.hpp"
#include "program/not_finite.hpp"
#include "weights/state_places.hpp"

#include <etch/host/training/checkpoint.hpp>
#include <etch/topology.hpp>

#include <nlohmann/json.hpp>

#include <charconv>
#include <cmath>

namespace etch::host {

static constexpr const char* trainer_key = "etch.trainer";

// With frozen_in_place the numbers that don't learn aren't there.
static std::vector<TensorPlace> places_of(const Numbers& numbers) {
  std::vector<TensorPlace> places = model_places(numbers.graph, numbers.values);
  if (numbers.learned_only) {
    std::erase_if(places,
                  [](const TensorPlace& p) { return p.tensor->buffer || p.tensor->frozen; });
  }
  for (TensorPlace& p : state_places(numbers.graph, state_names(numbers.states), numbers.state)) {
    places.push_back(std::move(p));
  }
  return places;
}

static std::string counts_text(const TrainerCounts& counts) {
  // A seed is any 64 bits, and JSON's readers often have doubles.
  const nlohmann::json j{{"seed", std::to_string(counts.seed)},
                         {"runs", counts.runs},
                         {"updates", counts.updates},
                         {"lr", static_cast<double>(counts.lr)}};
  return j.dump();
}

static TrainerCounts counts_from(const std::string& file, const std::string& text_of_file) {
  try {
    const nlohmann::json json = parse_json(text_of_file);
    const JsonValue j(json);
    TrainerCounts counts;
    const std::string& seed = j.at("seed").text();
    const auto [end, error] = std::from_chars(seed.data(), seed.data() + seed.size(), counts.seed);
    if (error != std::errc{} || end != seed.data() + seed.size()) {
      throw Error("seed: must be a whole number");
    }
    counts.runs = j.at("runs").number();
    counts.updates = j.at("updates").number();
    counts.lr = static_cast<float>(j.at("lr").real());
    if (!(counts.lr >= 0) || !std::isfinite(counts.lr)) throw Error("lr: must be at least 0");
    return counts;
  } catch (const Error& e) {
    throw Error(file, ": metadata ", trainer_key, " is damaged: ", e.what());
  }
}

void save_numbers(const std::filesystem::path& path, const Numbers& numbers,
                  const TrainerCounts* counts, const std::string& network, const Metadata& more) {
  const std::vector<TensorPlace> places = places_of(numbers);
  for (const TensorPlace& p : places) {
    if (all_finite({p.values, p.tensor->size()}, 1)) continue;
    throw Diverged(path.string(), ": isn't written: ", p.name, " has a NaN or an infinity");
  }
  Metadata all{{topology_key, topology_text(numbers.graph)}};
  if (!network.empty() && !numbers.learned_only) all.emplace(network_key, network);
  if (counts != nullptr) all.emplace(trainer_key, counts_text(*counts));
  for (const auto& [name, value] : more) {
    if (name.starts_with("etch")) throw Error("metadata ", name, ": names of etch's own begin so");
    all.emplace(name, value);
  }
  write_safetensors(path, sources_of(places), all);
}

Metadata load_numbers(const std::filesystem::path& path, const Numbers& numbers,
                      TrainerCounts* counts) {
  const Safetensors file(path);
  const std::vector<TensorPlace> places = places_of(numbers);
  // A training run's file has parameters, too; and learned ones may come from a file with all.
  const auto ignored = [&](const std::string& name) {
    const bool state = name.starts_with("optimizer.");
    return numbers.learned_only ? !state : state && counts == nullptr;
  };
  check_fit(file, misfits(file, topology_hash(numbers.graph), places, ignored), "the network");
  check_finite(file, places);
  Metadata more = file.metadata();
  if (counts != nullptr) {
    const auto at = more.find(trainer_key);
    if (at == more.end()) {
      throw Error(file.path(), ": has no metadata ", trainer_key, ": it isn't a saved Trainer");
    }
    *counts = counts_from(file.path(), at->second);
  }
  std::erase_if(more, [](const auto& entry) { return entry.first.starts_with("etch"); });
  fill(file, places);
  return more;
}

std::string schedule_text(const ReduceLROnPlateau& schedule) {
  const bool any = std::isfinite(schedule.best);  // JSON has no infinity: nothing was seen yet
  nlohmann::json j{{"bad_epochs", schedule.bad_epochs}, {"cooling", schedule.cooling}};
  if (any) j["best"] = schedule.best;
  return j.dump();
}

void restore_schedule(ReduceLROnPlateau& schedule, const std::string& given) {
  const nlohmann::json json = parse_json(given);
  const JsonValue j(json);
  ReduceLROnPlateau was = schedule;
  was.best = j.has("best") ? j.at("best").real() : ReduceLROnPlateau{}.best;
  was.bad_epochs = j.at("bad_epochs").number();
  was.cooling = j.at("cooling").number();
  schedule = was;
}

}  // namespace etch::host
