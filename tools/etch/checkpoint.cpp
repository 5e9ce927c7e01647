// A training run in one safetensors file.
#include "checkpoint.hpp"

#include "error.hpp"
#include "format.hpp"
#include "names.hpp"

#include <nlohmann/json.hpp>

#include <set>

namespace etch::host {

using Json = nlohmann::json;

static constexpr const char* format_version = "1";

namespace {

// A tensor of a session and its name in the file.
struct Place {
  std::string name;
  const Tensor* tensor;
  float* values;
};

template <class F>
void each_tensor(GraphView graph, const F& f) {
  for (int i = 0; i < graph.size.tensors; ++i) f(graph.tensors[i]);
}

std::vector<Place> model_places(GraphView graph, float* values) {
  std::vector<Place> places;
  each_tensor(graph, [&](const Tensor& t) {
    places.push_back({tensor_name(graph, t), &t, values + graph.offset_of(t)});
  });
  return places;
}

std::vector<Place> state_places(GraphView graph, const AnyOptimizer& optimizer, float* state) {
  std::vector<Place> places;
  for (const char* name : state_names(optimizer)) {
    const std::string prefix = text("optimizer.", name, ".");
    each_tensor(graph, [&](const Tensor& t) {
      if (t.buffer || t.frozen) return;
      places.push_back({prefix + tensor_name(graph, t), &t, state + t.offset});
    });
    state += graph.num_trainable;
  }
  return places;
}

TensorSource source_of(const Place& place) {
  return {place.name, Dtype::f32, torch_shape(*place.tensor),
          [tensor = place.tensor, values = place.values](std::byte* to) {
            to_torch(*tensor, values, reinterpret_cast<float*>(to));
          }};
}

std::vector<TensorSource> sources_of(const std::vector<Place>& places) {
  std::vector<TensorSource> sources;
  for (const Place& p : places) sources.push_back(source_of(p));
  return sources;
}

// What is wrong with a file's tensors, a line each, with an end where there are very many.
class Complaints {
 public:
  template <class... Parts>
  void add(const Parts&... parts) {
    if (++count_ <= 100) lines_ += text("\n  ", parts...);
  }
  void throw_if_any(const Safetensors& file) const {
    if (count_ == 0) return;
    const auto model = file.metadata().find("etch.model");
    throw Error(file.path(), ": doesn't fit the network",
                model == file.metadata().end() ? "" : ": it was trained as " + model->second,
                "; nothing was changed:", lines_,
                count_ > 100 ? text("\n  and ", count_ - 100, " more") : "");
  }

 private:
  std::size_t count_ = 0;
  std::string lines_;
};

void compare(const Place& place, const StoredTensor* stored, Complaints& complaints) {
  const std::vector<std::size_t> shape = torch_shape(*place.tensor);
  if (stored == nullptr) {
    complaints.add(place.name, ": is missing; the network has ", shape_text(shape));
  } else if (stored->shape != shape) {
    complaints.add(place.name, ": is ", shape_text(stored->shape), ", but the network has ",
                   shape_text(shape));
  } else if (stored->dtype != Dtype::f32) {
    complaints.add(place.name, ": is ", dtype_name(stored->dtype), ", but F32 is expected");
  }
}

// Of PyTorch, and of no use here; or not asked for.
bool skipped(const std::string& name, bool with_state) {
  return name.ends_with("num_batches_tracked") || (!with_state && name.starts_with("optimizer."));
}

}  // namespace

std::vector<TensorSource> model_tensors(GraphView graph, const float* values) {
  return sources_of(model_places(graph, const_cast<float*>(values)));
}

void save_checkpoint(const std::filesystem::path& path, const Session& session,
                     const Settings& settings, Progress progress) {
  progress.runs = session.runs();
  progress.updates = session.updates();
  const GraphView graph = session.graph();
  std::vector<TensorSource> tensors = model_tensors(graph, session.parameters().data());
  auto* state = const_cast<float*>(session.optimizer_state().data());
  for (const Place& p : state_places(graph, session.options().optimizer, state)) {
    tensors.push_back(source_of(p));
  }
  write_safetensors(path, tensors,
                    {{"etch.format", format_version},
                     {"etch.model", settings.model},
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
  const std::string version = metadata("etch.format"), json = metadata("etch.settings");
  if (version != format_version) {
    throw Error(file_.path(), ": has format version ", version, ", but ", format_version,
                " is expected");
  }
  try {
    return settings_from_json(Json::parse(json));
  } catch (const std::exception& e) {
    throw Error(file_.path(), ": metadata etch.settings is damaged: ", e.what());
  }
}

Progress Checkpoint::progress() const {
  const std::string progress = metadata("etch.progress"), history = metadata("etch.history");
  try {
    return progress_from_json(Json::parse(progress), Json::parse(history));
  } catch (const std::exception& e) {
    throw Error(file_.path(), ": metadata etch.progress or etch.history is damaged: ", e.what());
  }
}

void Checkpoint::restore(Session& session, bool with_state) const {
  const GraphView graph = session.graph();
  std::vector<Place> places = model_places(graph, session.parameters().data());
  if (with_state) {
    float* state = session.optimizer_state().data();
    for (Place& p : state_places(graph, session.options().optimizer, state)) {
      places.push_back(std::move(p));
    }
  }
  Complaints complaints;
  std::set<std::string> expected;
  for (const Place& p : places) {
    compare(p, file_.find(p.name), complaints);
    expected.insert(p.name);
  }
  for (const auto& [name, stored] : file_.tensors()) {
    if (expected.contains(name) || skipped(name, with_state)) continue;
    complaints.add(name, ": is ", shape_text(stored.shape), ", but the network has no such tensor");
  }
  complaints.throw_if_any(file_);
  std::vector<float> aligned;  // a file's tensors needn't lie on a multiple of 4 bytes
  for (const Place& p : places) {
    const StoredTensor& stored = *file_.find(p.name);
    aligned.resize(stored.elements());
    stored.copy_to(aligned.data());
    from_torch(*p.tensor, aligned.data(), p.values);
  }
}

void Checkpoint::restore_model(Session& session) const { restore(session, false); }

void Checkpoint::restore_training(Session& session) const {
  const Progress p = progress();
  restore(session, true);
  session.resume_at(p.runs, p.updates);
}

}  // namespace etch::host
