// Where the tensors of a network lie in its Parameters.
#pragma once
#include <etch/host/weights/fit.hpp>

#include <string>
#include <vector>

namespace etch::host {

// The places of a network's tensors.
struct ParameterLayout {
  std::uint64_t topology = 0;
  std::size_t total = 0;           // floats of Parameters
  std::size_t num_parameters = 0;  // learned
  std::vector<std::string> names;
  std::vector<Tensor> tensors;
  std::vector<std::size_t> offsets;

  // `values` has `total` floats, or is null. The places are good as long as the layout lives.
  std::vector<TensorPlace> places(float* values) const;
};

// The same of Folded<Net>, and the norms that its layers have taken in: folding.hpp.
struct FoldedNorm {
  std::string into, norm;  // names of the layers
  float eps = 0;
};
struct FoldedLayout {
  ParameterLayout layout;
  std::vector<FoldedNorm> norms;
};

ParameterLayout layout_of(GraphView graph);

}  // namespace etch::host
