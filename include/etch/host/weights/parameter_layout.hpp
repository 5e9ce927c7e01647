// Where the tensors of a network lie in its Parameters.
#pragma once
#include <etch/host/weights/fit.hpp>

#include <string>
#include <vector>

namespace etch::host {

// The places of a network's tensors.
struct ParameterLayout {
  std::uint64_t topology = 0;        // see topology_hash()
  std::size_t total = 0;             // floats of Parameters
  std::size_t num_parameters = 0;    // learned
  std::vector<std::string> names;    // of each tensor in PyTorch
  std::vector<Tensor> tensors;       // their shapes and layouts
  std::vector<std::size_t> offsets;  // floats, in Parameters

  // `values` has `total` floats, or is null. The places are good as long as the layout lives.
  std::vector<TensorPlace> places(float* values) const;
};

// Internal: a norm that a layer of Folded<Net> has absorbed.
struct FoldedNorm {
  std::string into, norm;  // names of the layers
  float eps = 0;
};
// Internal: the layout of Folded<Net>, and its norms.
struct FoldedLayout {
  ParameterLayout layout;
  std::vector<FoldedNorm> norms;
};

// The layout of a network.
ParameterLayout layout_of(GraphView graph);

}  // namespace etch::host
