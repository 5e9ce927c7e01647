// A training run in one safetensors file.
#include "training/checkpoint.hpp"

#include "error.hpp"
#include "json.hpp"
#include "network/names.hpp"
#include "program/not_finite.hpp"

#include <etch/topology.hpp>

#include <nlohmann/json.hpp>

namespace etch::host {

namespace {

std::vector<TensorPlace> state_places(GraphView graph, const AnyOptimizer& optimizer,
                                      float* state) {
  std::vector<TensorPlace> places;
  for (const char* name : state_names(optimizer)) {
    const std::string prefix = text("optimizer.", name, ".");
    for (int i = 0; i < graph.size.tensors; ++i) {
      const Tensor& t = graph.tensors[i];
      if (t.buffer || t.frozen) continue;
      places.push_back({prefix + tensor_name(graph, t), &t, state + t.offset});
    }
    state += graph.num_trainable;
  }
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
  for (const TensorPlace& p : state_places(graph, session.options().optimizer, state)) {
    if (all_finite({p.values, p.tensor->size()}, session.options().training.threads)) continue;
    throw Diverged("the ", p.name, " has a NaN or an infinity");
  }
}

}  // namespace

void save_checkpoint(const std::filesystem::path& path, const Session& session,
                     const Settings& settings, Progress progress) {
  check_trainable(session);
  progress.runs = session.runs();
  progress.updates = session.updates();
  const GraphView graph = session.graph();
  std::vector<TensorSource> tensors = model_tensors(graph, session.parameters().data());
  auto* state = const_cast<float*>(session.optimizer_state().data());
  for (TensorSource& t : sources_of(state_places(graph, session.options().optimizer, state))) {
    tensors.push_back(std::move(t));
  }
  write_safetensors(path, tensors,
                    {{"etch.model", settings.model},
                     {topology_key, topology_text(graph)},
                     {"etch.settings", to_json(settings).dump()},
                     {"etch.progress", to_json(progress).dump()},
                     {"etch.history", to_json(progress.history).dump()}});
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

Progress Checkpoint::progress() const {
  const std::string progress = metadata("etch.progress"), history = metadata("etch.history");
  try {
    return progress_from_json(parse_json(progress), parse_json(history));
  } catch (const Error& e) {
    throw Error(file_.path(), ": metadata etch.progress or etch.history is damaged: ", e.what());
  }
}

void Checkpoint::restore(Session& session, bool with_state, NonFinite non_finite) const {
  const GraphView graph = session.graph();
  std::vector<TensorPlace> places = model_places(graph, session.parameters().data());
  if (with_state) {
    float* state = session.optimizer_state().data();
    for (TensorPlace& p : state_places(graph, session.options().optimizer, state)) {
      places.push_back(std::move(p));
    }
  }
  const auto ignored = [&](const std::string& name) {
    return !with_state && name.starts_with("optimizer.");
  };
  check_fit(file_, misfits(file_, topology_hash(graph), places, ignored), "the network");
  if (non_finite == NonFinite::refused) check_finite(file_, places);
  fill(file_, places);
}

void Checkpoint::restore_model(Session& session, NonFinite non_finite) const {
  restore(session, false, non_finite);
}

void Checkpoint::restore_training(Session& session) const {
  const Progress p = progress();
  restore(session, true, NonFinite::refused);
  session.resume_at(p.runs, p.updates);
}

}  // namespace etch::host
