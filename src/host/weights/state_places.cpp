// Where an optimizer's state lies.
#include "weights/state_places.hpp"

#include "network/names.hpp"

#include <etch/host/error.hpp>

namespace etch::host {

std::vector<std::string> state_names(std::size_t states) {
  if (states == 1) return {"momentum_buffer"};
  if (states == 2) return {"exp_avg", "exp_avg_sq"};
  std::vector<std::string> names;
  for (std::size_t i = 0; i < states; ++i) names.push_back(text("state", i));
  return names;
}

std::vector<TensorPlace> state_places(GraphView graph, const std::vector<std::string>& names,
                                      float* state) {
  std::vector<TensorPlace> places;
  for (const std::string& name : names) {
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

}  // namespace etch::host
