// Models by name: those of the zoo, and a program's own.
#pragma once
#include <etch/host/network/tree.hpp>
#include <etch/network.hpp>

#include <span>
#include <string>
#include <string_view>

namespace etch::host {

// A network that the compiler knows, under a name. Copies refer to the same graph.
struct Model {
  std::string_view name;   // "resnet18"
  GraphView graph;         // Network::graph
  Shape input, output;     // of one image
  std::string_view about;  // a line for people, or ""
  Tree (*tree)();          // null of a network with user-defined layers: a file can't hold it
};

// Internal: see model_of().
template <class Net>
struct ModelOf;
// Internal: see model_of().
template <Layer auto net, Shape input>
struct ModelOf<Network<net, input>> {
  static constexpr Model model(std::string_view name, std::string_view about) {
    Model m{name, Network<net, input>::graph, input, net.output(input), about, nullptr};
    if constexpr (has_tree<decltype(net)>) m.tree = [] { return tree_of(net); };
    return m;
  }
};

// The Model of a Network<...>. `name` and `about` must outlive it.
template <class Net>
constexpr Model model_of(std::string_view name, std::string_view about = "") {
  return ModelOf<Net>::model(name, about);
}

// All models: the zoo's, then the program's own.
std::span<const Model> all_models();
// Adds a model: from here on find_model() and open_model() know it by its name. Not while other
// threads look one up. Throws an Error where the name is taken, or isn't one: it is empty, or ends
// like a file that open_model() reads.
void register_model(const Model& model);

// The model of that name. Throws an Error that lists the models there are.
const Model& find_model(std::string_view name);

// Their names, in lines of 80 characters.
std::string list_models();

}  // namespace etch::host
