// Where the tensors of a network lie in its Parameters, kept in the file of its weights: so that
// the weights of a network which the etch command doesn't know can be embedded.
#pragma once
#include "weights/fit.hpp"

#include <string>

namespace etch::host {

// Of a graph, as JSON: its layout, and that without the norms that can be folded.
std::string stored_layout(GraphView graph);

// The places of a network's tensors, of a graph or of a stored layout.
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
// Of the metadata of a file; an Error that names the file where it is damaged.
ParameterLayout read_layout(const std::string& file, const std::string& stored);
FoldedLayout read_folded_layout(const std::string& file, const std::string& stored);

}  // namespace etch::host
