// Tensors of a file fitted to a network: by name, in PyTorch's shapes and layouts.
#pragma once
#include <etch/graph.hpp>
#include <etch/host/weights/safetensors.hpp>

#include <functional>

namespace etch::host {

// A tensor of a network, its name in files, and where its numbers lie in memory.
struct TensorPlace {
  std::string name;      // "layer1.0.conv1.weight"
  const Tensor* tensor;  // its shape and layout
  float* values;         // its first number, in the order of the kernels
};

// All parameters and running statistics of a network; `values` as Parameters has them.
std::vector<TensorPlace> model_places(GraphView graph, float* values);

// The places as tensors to be written. The values must live until they are.
std::vector<TensorSource> sources_of(const std::vector<TensorPlace>& places);

// All tensors of a network, to be written.
std::vector<TensorSource> model_tensors(GraphView graph, const float* values);

// Which network a file's tensors are of, in its metadata: etch::topology, 16 hexadecimal digits.
inline constexpr const char* topology_key = "etch.topology";
// The digits of a graph.
std::string topology_text(GraphView graph);

// What keeps a file from filling the places of a network with this topology, a line each: tensors
// that are missing, not expected, of another shape or type; and another topology, where the file
// says which it has. Those whose name is `ignored` may be there; num_batches_tracked, which PyTorch
// adds, always may.
std::vector<std::string> misfits(const Safetensors& file, std::uint64_t topology,
                                 const std::vector<TensorPlace>& places,
                                 const std::function<bool(const std::string&)>& ignored);

// Throws an Error with all of these lines, if there are any: "FILE: doesn't fit WHAT".
void check_fit(const Safetensors& file, const std::vector<std::string>& misfits,
               const std::string& what);

// What becomes of numbers of a file that are NaN or infinite.
enum class NonFinite : bool { refused, taken };

// The first number of the places' tensors that is NaN or infinite, by tensor and index in PyTorch's
// order, and how many there are: "fc.weight[2, 7] is nan; 3 of 640 numbers aren't finite". Empty
// where all are finite. The file fits the places.
std::string not_finite(const Safetensors& file, const std::vector<TensorPlace>& places);
// Throws an Error where not_finite() has something to say.
void check_finite(const Safetensors& file, const std::vector<TensorPlace>& places);

// Copies the file's tensors to the places, which it fits.
void fill(const Safetensors& file, const std::vector<TensorPlace>& places);

}  // namespace etch::host
