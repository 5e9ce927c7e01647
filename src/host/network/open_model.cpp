// What a command works on.
#include <etch/host/network/open_model.hpp>

#include "import/import.hpp"
#include "json.hpp"
#include "network/names.hpp"
#include "network/tree_json.hpp"

#include <etch/host/error.hpp>
#include <etch/host/format.hpp>
#include <etch/host/network/models.hpp>
#include <etch/host/weights/fit.hpp>
#include <etch/topology.hpp>

#include <nlohmann/json.hpp>

#include <filesystem>

namespace etch::host {

std::string network_text(const Tree& tree, Shape input) {
  const nlohmann::json j{{"input", {input.channels, input.height, input.width}},
                         {"layers", tree_json(tree)}};
  return j.dump();
}

std::shared_ptr<const RunTimeGraph> read_network(const std::string& file, const std::string& text) {
  const auto side = [](const JsonValue& j, std::size_t i) {
    return j.at("input").at(i).number(std::size_t{1} << 28);
  };
  const std::string where = file + ": metadata etch.network";
  try {
    const nlohmann::json json = parse_json(text, tree_json_depth);
    const JsonValue j(json);
    const Shape input{side(j, 0), side(j, 1), side(j, 2)};
    return std::make_shared<RunTimeGraph>(where, tree_from(j.at("layers")), input);
  } catch (const Error& e) {
    const std::string message = e.what();
    throw Error(message.starts_with(where) ? "" : where + " is damaged: ", message);
  }
}

namespace {

using Values = std::shared_ptr<const std::vector<float>>;

OpenModel model_of(std::string name, std::shared_ptr<const RunTimeGraph> graph, Shape input,
                   Values values) {
  const GraphView view = graph->view();
  const Shape output = graph->output();
  std::string network = network_text(graph->tree(), input);
  return {std::move(name),  view, input, output, std::move(network), std::move(graph),
          std::move(values)};
}

OpenModel open_safetensors(const std::string& path) {
  const Safetensors file(path);
  const auto at = file.metadata().find(network_key);
  if (at == file.metadata().end()) {
    throw Error(path, ": doesn't hold its network: give the name of its model, and the file as ",
                "--checkpoint; `etch import` fits a state dict of PyTorch to a model");
  }
  auto graph = read_network(path, at->second);
  const GraphView view = graph->view();
  auto values = std::make_shared<std::vector<float>>(view.total());
  const std::vector<TensorPlace> places = model_places(view, values->data());
  const auto state = [](const std::string& name) { return name.starts_with("optimizer."); };
  check_fit(file, misfits(file, topology_hash(view), places, state), "its own network");
  check_finite(file, places);
  fill(file, places);
  OpenModel model = model_of(path, std::move(graph), view.values[0], std::move(values));
  const auto data = file.metadata().find("etch.data");
  if (data != file.metadata().end()) model.data = data->second;
  return model;
}

OpenModel open_file(const std::string& given) {
  if (given.ends_with(".safetensors")) return open_safetensors(given);
  const ImportedNetwork network = read_network_file(given);
  const Lowering lowering(network, structure_of(network));
  auto graph = std::make_shared<RunTimeGraph>(given, lowering.tree(), network.shape(0));
  auto values = std::make_shared<std::vector<float>>(graph->view().total());
  for (int i = 0; i < lowering.graph().size.tensors; ++i) {
    const Tensor& t = lowering.graph().tensors[i];
    from_torch(t, lowering.values(i).data(), values->data() + lowering.graph().offset_of(t));
  }
  return model_of(given, std::move(graph), network.shape(0), std::move(values));
}

OpenModel open_zoo(const std::string& given) {
  const Model& m = find_model(given);
  return {given, m.graph, m.input, m.output,
          m.tree == nullptr ? "" : network_text(m.tree(), m.input)};
}

// Weights keep their places, but where a Linear follows a Flatten.
OpenModel changed(const OpenModel& own, std::size_t size, std::optional<Algorithm> algorithm) {
  const auto tree_of_model = [&] {
    const Model& m = find_model(own.name);
    if (m.tree != nullptr) return m.tree();
    throw Error(own.name, ": has user-defined layers: its size and its algorithm are settled");
  };
  Tree tree = own.run_time != nullptr ? own.run_time->tree() : tree_of_model();
  if (algorithm) tree = with_algorithm(std::move(tree), *algorithm);
  Shape input = own.input;
  if (size != 0) input.height = input.width = size;
  auto graph = std::make_shared<RunTimeGraph>(text(own.name, " at ", shape_text(input)),
                                              std::move(tree), input);
  return model_of(own.name, std::move(graph), input, size == 0 ? own.values : nullptr);
}

}  // namespace

bool is_model_name(const std::string& given) {
  const std::string ending = std::filesystem::path(given).extension().string();
  return ending != ".onnx" && ending != ".tflite" && ending != ".safetensors";
}

OpenModel open_model(const std::string& given, std::size_t size,
                     std::optional<Algorithm> algorithm) {
  OpenModel own = is_model_name(given) ? open_zoo(given) : open_file(given);
  if (size == 0 && !algorithm) return own;
  return changed(own, size, algorithm);
}

static bool is_of_loss(const Tree& last, Task task) {
  if (last.kind != Tree::layer) return false;
  return task == Task::classes  ? std::holds_alternative<Softmax>(last.leaf)
         : task == Task::labels ? std::holds_alternative<Sigmoid>(last.leaf)
                                : false;
}

OpenModel logits_of(OpenModel model, Task task) {
  if (model.run_time == nullptr) return model;
  Tree tree = model.run_time->tree();
  std::vector<Tree>& layers = tree.children;
  const bool ends =
      tree.kind == Tree::sequential && !layers.empty() && is_of_loss(layers.back(), task);
  if (!ends) return model;
  layers.pop_back();
  auto graph = std::make_shared<RunTimeGraph>(model.name, std::move(tree), model.input);
  return model_of(model.name, std::move(graph), model.input, model.values);
}

std::string list_openable() {
  return "MODEL is a file, .onnx, .tflite or .safetensors (of `etch train` or `etch import`),\n"
         "or one of these models:\n" +
         list_models();
}

}  // namespace etch::host
