// A training run in one safetensors file.
#include <etch/host/training/checkpoint.hpp>

#include "data/description_json.hpp"
#include "json.hpp"
#include "network/names.hpp"
#include "program/not_finite.hpp"
#include "training/run_json.hpp"
#include "weights/state_places.hpp"

#include <etch/host/error.hpp>
#include <etch/host/network/open_model.hpp>
#include <etch/topology.hpp>

#include <nlohmann/json.hpp>

namespace etch::host {

namespace {

// The session's parameters and running statistics, beside which another model has the plain names.
std::vector<TensorPlace> last_places(GraphView graph, float* values) {
  std::vector<TensorPlace> places = model_places(graph, values);
  for (TensorPlace& p : places) p.name = "optimizer.last." + p.name;
  return places;
}

void append(std::vector<TensorPlace>& places, std::vector<TensorPlace> more) {
  std::move(more.begin(), more.end(), std::back_inserter(places));
}

// All of a training run. `best` as in save_checkpoint().
std::vector<TensorPlace> run_places(GraphView graph, const AnyOptimizer& optimizer, float* values,
                                    float* state, float* best) {
  std::vector<TensorPlace> places = model_places(graph, best != nullptr ? best : values);
  append(places, state_places(graph, state_names(optimizer), state));
  if (best != nullptr) append(places, last_places(graph, values));
  return places;
}

// What isn't finite would never be again, however long it is trained.
void check_trainable(const Session& session) {
  const GraphView graph = session.graph();
  const float* values = session.parameters().data();
  auto where = not_finite_in_parameters(graph, values);
  if (!where) where = not_finite_in_statistics(graph, values);
  if (where) throw Diverged(*where);
  auto* state = const_cast<float*>(session.optimizer_state().data());
  for (const TensorPlace& p :
       state_places(graph, state_names(session.options().optimizer), state)) {
    if (all_finite({p.values, p.tensor->size()}, session.options().training.threads)) continue;
    throw Diverged("the ", p.name, " has a NaN or an infinity");
  }
}

}  // namespace

void save_checkpoint(const std::filesystem::path& path, const Session& session,
                     const Settings& settings, Progress progress, std::span<const float> best,
                     const Description& data, const std::string& network) {
  check_trainable(session);
  progress.runs = session.runs();
  progress.updates = session.updates();
  const GraphView graph = session.graph();
  const auto places = run_places(
      graph, session.options().optimizer, const_cast<float*>(session.parameters().data()),
      const_cast<float*>(session.optimizer_state().data()), const_cast<float*>(best.data()));
  Metadata all{{"etch.model", settings.model},
               {topology_key, topology_text(graph)},
               {"etch.settings", to_json(settings).dump()},
               {"etch.data", to_json(data).dump()},
               {"etch.progress", to_json(progress).dump()},
               {"etch.history", to_json(progress.history).dump()}};
  if (!network.empty()) all.emplace(network_key, network);
  write_safetensors(path, sources_of(places), all);
}

std::string Checkpoint::metadata(const std::string& key) const {
  const auto at = file_.metadata().find(key);
  if (at != file_.metadata().end()) return at->second;
  throw Error(file_.path(), ": has no metadata ", key, ": it isn't a checkpoint of `etch train`");
}

Settings Checkpoint::settings() const {
  const std::string json = metadata("etch.settings");
  try {
    return settings_from_json(parse_json(json));
  } catch (const Error& e) {
    throw Error(file_.path(), ": metadata etch.settings is damaged: ", e.what());
  }
}

Description Checkpoint::data() const {
  if (!file_.metadata().contains("etch.data")) return {};
  try {
    return description_from_json(parse_json(metadata("etch.data")));
  } catch (const Error& e) {
    throw Error(file_.path(), ": metadata etch.data is damaged: ", e.what());
  }
}

Progress Checkpoint::progress() const {
  const std::string progress = metadata("etch.progress"), history = metadata("etch.history");
  try {
    return progress_from_json(parse_json(progress), parse_json(history));
  } catch (const Error& e) {
    throw Error(file_.path(), ": metadata etch.progress or etch.history is damaged: ", e.what());
  }
}

void Checkpoint::restore(Session& session, std::vector<TensorPlace> places, bool with_state,
                         NonFinite non_finite) const {
  const GraphView graph = session.graph();
  const auto ignored = [&](const std::string& name) {
    return !with_state && name.starts_with("optimizer.");
  };
  check_fit(file_, misfits(file_, topology_hash(graph), places, ignored), "the network");
  if (non_finite == NonFinite::refused) check_finite(file_, places);
  fill(file_, places);
}

void Checkpoint::restore_model(Session& session, NonFinite non_finite) const {
  restore(session, model_places(session.graph(), session.parameters().data()), false, non_finite);
}

void Checkpoint::restore_training(Session& session, std::span<float> best) const {
  const Progress p = progress();
  restore(session,
          run_places(session.graph(), session.options().optimizer, session.parameters().data(),
                     session.optimizer_state().data(), best.data()),
          true, NonFinite::refused);
  session.resume_at(p.runs, p.updates);
}

}  // namespace etch::host
