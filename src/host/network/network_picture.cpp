// A network as boxes and arrows.
#include "network/network_picture.hpp"

#include "network/modules.hpp"
#include "network/names.hpp"
#include "process.hpp"

#include <etch/host/error.hpp>
#include <etch/host/file.hpp>
#include <etch/host/format.hpp>

#include <vector>

namespace etch::host {
namespace {

// A string of dot, in lines where it has some.
std::string dot_string(const std::string& s) {
  std::string all = "\"";
  for (const char c : s) {
    if (c == '\n') {
      all += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') all += '\\';
    all += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  }
  return all + '"';
}

const char* box_colour(const Op& op) {
  const std::string_view kind = op.kind;
  if (op.skip != none || op.join != Join::sum) return "#f3e3ee";
  if (op.macs > 0) return "#dceaf5";
  if (kind.find("Norm") != kind.npos) return "#eeeeee";
  return kind.find("Pool") != kind.npos ? "#fbeacd" : "#dff1e8";
}

// Boxes are numbered as the ops that they are of. The parts of a concatenation are one box.
class NetworkPicture {
 public:
  explicit NetworkPicture(GraphView graph)
      : graph_(graph), makers_(static_cast<std::size_t>(graph.size.values), none) {
    for (int i = 0; i < graph.size.ops; ++i) add(i);
    line(text("output [label=", dot_string("output\n" + shape_text(shape(graph_.output))), "]"));
    arrow(graph_.output, "output");
  }
  const std::string& finish() const { return all_; }

 private:
  Shape shape(int value) const { return graph_.values[value]; }
  int& maker(int value) { return makers_[static_cast<std::size_t>(value)]; }
  void line(const std::string& text) { all_ += "  " + text + "\n"; }

  bool goes_on(const Op& op) {
    if (op.join != Join::part || op.skip == none) return false;
    const int before = maker(op.skip);
    return before != none && graph_.ops[before].join == Join::part &&
           graph_.ops[before].scope == op.scope;
  }

  void add(int i) {
    const Op& op = graph_.ops[i];
    const bool more = goes_on(op);
    const int box = more ? maker(op.skip) : i;
    if (!more) {
      std::string title = op.kind;
      const std::string window = window_text(op), name = op_name(graph_, i);
      if (!window.empty()) title += " " + window;
      if (!name.empty()) title += "\n" + name;
      line(text("op", i, " [label=", dot_string(title), ", fillcolor=\"", box_colour(op), "\"]"));
    }
    arrow(op.x, text("op", box));
    if (op.skip != none && !more) arrow(op.skip, text("op", box));
    maker(op.y) = box;
  }

  // To the box `to`.
  void arrow(int value, const std::string& to) {
    const int from = maker(value);
    if (from == none) {
      if (!has_input_)
        line(text("input [label=", dot_string("input\n" + shape_text(shape(value))), "]"));
      has_input_ = true;
      line("input -> " + to);
      return;
    }
    const bool changed = shape(graph_.ops[from].x) != shape(value);
    line(text("op", from, " -> ", to,
              changed ? " [label=" + dot_string(" " + shape_text(shape(value))) + "]" : ""));
  }

  GraphView graph_;
  std::vector<int> makers_;  // the box that a value comes from
  std::string all_;
  bool has_input_ = false;
};

}  // namespace

std::string network_script(GraphView graph, const std::string& name) {
  return "digraph {\n  label=" + dot_string(name) +
         "; labelloc=t; fontname=\"DejaVu Sans\"; fontsize=14; ranksep=0.3; nodesep=0.3\n"
         "  node [shape=box, style=\"rounded,filled\", fillcolor=\"#ffffff\", color=\"#888888\", "
         "fontname=\"DejaVu Sans\", fontsize=11, height=0.3, margin=\"0.12,0.05\"]\n"
         "  edge [color=\"#666666\", fontcolor=\"#666666\", fontname=\"DejaVu Sans\", fontsize=9, "
         "arrowsize=0.6]\n" +
         NetworkPicture(graph).finish() + "}\n";
}

void draw_network(GraphView graph, const std::string& name, const std::filesystem::path& output,
                  Overwrite overwrite) {
  constexpr const char* command = "etch summary";
  if (output.extension() != ".svg") throw Error(output.string(), ": must end in .svg");
  check_replaceable(output, command, overwrite);
  const TemporaryFolder folder;
  const std::filesystem::path script = folder.path() / "network.dot";
  replace_file(script, network_script(graph, name));
  const Outcome outcome = run_program({"dot", "-Tsvg", script.string()}, folder.path());
  if (outcome.status == 127) {
    throw Error("dot isn't installed, and it draws the network: Debian's package is graphviz");
  }
  if (outcome.status != 0) {
    throw Error("dot failed with status ", outcome.status, ": ", outcome.errors);
  }
  replace_file(output, with_writer(outcome.output, command, "<!--", " -->"));
}

}  // namespace etch::host
