// Where an optimizer's state lies, and how it is called in files.
#pragma once
#include <etch/host/weights/fit.hpp>

namespace etch::host {

// PyTorch's names of so many arrays of state: "momentum_buffer"; "exp_avg", "exp_avg_sq"; of an
// optimizer with more "state0", ...
std::vector<std::string> state_names(std::size_t states);

// "optimizer.exp_avg.fc.weight", ...: a place for each tensor that learns and each name. `state`
// has an array of num_trainable floats a name.
std::vector<TensorPlace> state_places(GraphView graph, const std::vector<std::string>& names,
                                      float* state);

}  // namespace etch::host
