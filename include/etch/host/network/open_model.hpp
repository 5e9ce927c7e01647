// What a command works on: a model of the zoo, or the network of a file with its weights.
#pragma once
#include <etch/host/data/targets.hpp>
#include <etch/host/network/run_time_graph.hpp>
#include <etch/host/weights/safetensors.hpp>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace etch::host {

// The metadata of a file of tensors that holds the network they are of, as JSON: its layers
// (tree.hpp) and the shape of its input.
inline constexpr const char* network_key = "etch.network";
// A network as the JSON under this key: docs/files.md.
std::string network_text(const Tree& tree, Shape input);
// The network of such a text. An Error names `file`, whose metadata it is.
std::shared_ptr<const RunTimeGraph> read_network(const std::string& file, const std::string& text);

// A model and, where it is of a file, its weights. Copies share the network and its weights.
struct OpenModel {
  std::string name;     // as it was given: of the zoo, or a path
  GraphView graph;      // as long as this lives
  Shape input, output;  // of one image
  std::string network;  // network_text(); empty where it has user-defined layers
  // Of a file: the graph's tables, and GraphView::total() numbers. Null of a model of the zoo.
  std::shared_ptr<const RunTimeGraph> run_time{};
  std::shared_ptr<const std::vector<float>> values{};  // as Parameters has them
  std::string data{};  // metadata etch.data of a checkpoint: how its data was prepared
};

// Whether it names a model of the zoo, and no file.
bool is_model_name(const std::string& given);

// Opens a model. `given` is the name of a model of the zoo, or the path of an .onnx, .tflite or
// .safetensors file: the last must hold its network, as those that etch writes do. `size` is
// another height and width of its images, 0 for its own; so is `algorithm` for that of its
// convolutions. Throws an Error.
OpenModel open_model(const std::string& given, std::size_t size = 0,
                     std::optional<Algorithm> algorithm = std::nullopt);

// The same without the Softmax (of classes) or the Sigmoid (of labels) that it ends in, if any: the
// task's loss holds that already. Names and places of parameters stay.
OpenModel logits_of(OpenModel model, Task task);

// What a MODEL can be, for a command's help: the models of the zoo, and files.
std::string list_openable();

}  // namespace etch::host
