// The models that the command line knows by name.
#pragma once
#include "network/tree.hpp"

#include <etch/graph.hpp>

#include <span>
#include <string>
#include <string_view>

namespace etch::host {

struct Model {
  std::string_view name;
  GraphView graph;
  Shape input, output;
  std::string_view about;
  Tree (*tree)();
};

std::span<const Model> all_models();

// Throws an Error that lists the models there are.
const Model& find_model(std::string_view name);

// Their names, in lines of 80 characters.
std::string list_models();

}  // namespace etch::host
