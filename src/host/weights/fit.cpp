// Tensors of a file fitted to a network.
#include <etch/host/weights/fit.hpp>

#include "network/names.hpp"

#include <etch/host/error.hpp>
#include <etch/host/format.hpp>
#include <etch/topology.hpp>

#include <cmath>
#include <set>

namespace etch::host {

std::vector<TensorPlace> model_places(GraphView graph, float* values) {
  std::vector<TensorPlace> places;
  for (int i = 0; i < graph.size.tensors; ++i) {
    const Tensor& t = graph.tensors[i];
    places.push_back({tensor_name(graph, t), &t, values + graph.offset_of(t)});
  }
  return places;
}

std::vector<TensorSource> sources_of(const std::vector<TensorPlace>& places) {
  std::vector<TensorSource> sources;
  for (const TensorPlace& p : places) {
    sources.push_back({p.name, Dtype::f32, torch_shape(*p.tensor),
                       [tensor = p.tensor, values = p.values](std::byte* to) {
                         to_torch(*tensor, values, reinterpret_cast<float*>(to));
                       }});
  }
  return sources;
}

std::vector<TensorSource> model_tensors(GraphView graph, const float* values) {
  return sources_of(model_places(graph, const_cast<float*>(values)));
}

// Empty where the place can be filled.
static std::string misfit(const TensorPlace& place, const StoredTensor* stored) {
  const std::vector<std::size_t> shape = torch_shape(*place.tensor);
  if (stored == nullptr) {
    return text(place.name, ": is missing; the network has ", shape_text(shape));
  }
  if (stored->shape != shape) {
    return text(place.name, ": is ", shape_text(stored->shape), ", but the network has ",
                shape_text(shape));
  }
  if (stored->dtype != Dtype::f32) {
    return text(place.name, ": is ", dtype_name(stored->dtype), ", but F32 is expected");
  }
  return "";
}

std::string topology_text(GraphView graph) { return hexadecimal(topology_hash(graph), 16); }

std::vector<std::string> misfits(const Safetensors& file, std::uint64_t topology,
                                 const std::vector<TensorPlace>& places,
                                 const std::function<bool(const std::string&)>& ignored) {
  std::vector<std::string> lines;
  std::set<std::string> expected;
  for (const TensorPlace& p : places) {
    std::string line = misfit(p, file.find(p.name));
    if (!line.empty()) lines.push_back(std::move(line));
    expected.insert(p.name);
  }
  for (const auto& [name, stored] : file.tensors()) {
    if (expected.contains(name) || name.ends_with("num_batches_tracked") || ignored(name)) continue;
    lines.push_back(
        text(name, ": is ", shape_text(stored.shape), ", but the network has no such tensor"));
  }
  const auto own = file.metadata().find(topology_key);
  const std::string wanted = hexadecimal(topology, 16);
  if (own != file.metadata().end() && own->second != wanted) {
    lines.push_back(
        text("the layers: differ in kind, order, shape, stride, padding or a constant; ",
             "the topology is ", printable(own->second), ", but the network's is ", wanted));
  }
  return lines;
}

void check_fit(const Safetensors& file, const std::vector<std::string>& misfits,
               const std::string& what) {
  if (misfits.empty()) return;
  const auto model = file.metadata().find("etch.model");
  std::string all =
      text(file.path(), ": doesn't fit ", what,
           model == file.metadata().end() ? "" : ": it holds " + printable(model->second),
           "; nothing was changed:");
  for (const std::string& line : misfits) all += "\n  " + line;
  throw Error(all);
}

// Where element `at` of a tensor is: "[2, 0, 1]".
static std::string index_text(const std::vector<std::size_t>& shape, std::size_t at) {
  std::vector<std::size_t> index(shape.size());
  for (std::size_t i = shape.size(); i-- > 0; at /= shape[i]) index[i] = at % shape[i];
  return shape_text(index);
}

std::string not_finite(const Safetensors& file, const std::vector<TensorPlace>& places) {
  std::string first;
  std::size_t count = 0, all = 0;
  std::vector<float> values;
  for (const TensorPlace& p : places) {
    const StoredTensor& stored = *file.find(p.name);
    values.resize(stored.elements());
    stored.copy_to(values.data());
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (std::isfinite(values[i])) continue;
      if (count++ == 0) first = text(p.name, index_text(stored.shape, i), " is ", values[i]);
    }
    all += values.size();
  }
  if (count == 0) return "";
  return text(first, "; ", grouped(count), " of ", grouped(all), " numbers aren't finite");
}

void check_finite(const Safetensors& file, const std::vector<TensorPlace>& places) {
  const std::string found = not_finite(file, places);
  if (!found.empty()) throw Error(file.path(), ": ", found);
}

void fill(const Safetensors& file, const std::vector<TensorPlace>& places) {
  std::vector<float> aligned;  // a file's tensors needn't lie on a multiple of 4 bytes
  for (const TensorPlace& p : places) {
    const StoredTensor& stored = *file.find(p.name);
    aligned.resize(stored.elements());
    stored.copy_to(aligned.data());
    from_torch(*p.tensor, aligned.data(), p.values);
  }
}

}  // namespace etch::host
