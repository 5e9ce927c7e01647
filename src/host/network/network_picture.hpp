// A network as boxes and arrows, drawn by Graphviz's dot (https://graphviz.org).
#pragma once
#include <etch/graph.hpp>
#include <etch/host/overwrite.hpp>

#include <filesystem>
#include <string>

namespace etch::host {

// A box a layer, with its kind, its window and its name, and an arrow a value, with its shape where
// that is another than before; in dot's language.
std::string network_script(GraphView graph, const std::string& name);

// Draws it, and replaces `output` by it. Throws an Error where the file's name doesn't end in .svg,
// where a file is in the way, and where dot is missing or fails.
void draw_network(GraphView graph, const std::string& name, const std::filesystem::path& output,
                  Overwrite overwrite = Overwrite::no);

}  // namespace etch::host
