// An imported network as C++, and its weights.
#include "import/network_writer.hpp"

#include "identifier.hpp"
#include "import/lowering.hpp"
#include "network/names.hpp"

#include <etch/host/file.hpp>
#include <etch/host/format.hpp>
#include <etch/host/network/open_model.hpp>
#include <etch/host/weights/fit.hpp>
#include <etch/host/weights/safetensors.hpp>

#include <sstream>

namespace etch::host {

namespace {

constexpr std::size_t width = 100;

// Broken after commas where it is too long.
std::string wrapped(std::string code, std::size_t indent) {
  std::string all;
  std::size_t room = width - indent;
  while (code.size() > room) {
    const std::size_t comma = code.rfind(", ", room - 1);
    if (comma == std::string::npos) break;
    all += code.substr(0, comma + 1) + "\n" + std::string(indent + 4, ' ');
    code.erase(0, comma + 2);
    room = width - indent - 4;
  }
  return all + code;
}

// Broken at spaces. Names come from a file.
std::string comment(const std::string& words, std::size_t indent) {
  const std::string head = std::string(indent, ' ') + "//";
  std::string all, line = head;
  std::istringstream in(words);
  for (std::string word; in >> word;) {
    word = comment_text(word);
    if (line.size() + 1 + word.size() > width && line != head) {
      all += line + "\n";
      line = head;
    }
    line += text(" ", word);
  }
  return all + line + "\n";
}

class Writer {
 public:
  explicit Writer(const ImportedNetwork& network) : network_(network) {}

  // The pieces of one or several copies, a copy's children on lines of their own. `pieces` has the
  // copies one after the other.
  std::string children(const std::vector<Piece>& pieces, std::size_t copies,
                       std::size_t indent) const {
    const std::size_t length = pieces.size() / copies;
    std::string all;
    for (std::size_t i = 0; i < length;) {
      std::vector<const Piece*> same;  // in each copy
      for (std::size_t c = 0; c < copies; ++c) same.push_back(&pieces[c * length + i]);
      all += head(same, indent) + std::string(indent, ' ');
      const std::string first = code(same, indent);
      all += first.find('\n') == std::string::npos ? wrapped(first, indent) : first;
      // What has no weights goes on the same line, as far as it fits.
      for (++i; i < length && is_small(pieces[i]); ++i) {
        const std::string next = code({&pieces[i]}, indent);
        const std::size_t column = all.size() - (all.rfind('\n') + 1);
        all += column + next.size() + 3 > width ? text(",\n", std::string(indent, ' '), next)
                                                : text(", ", next);
      }
      if (i < length) all += ",\n";
    }
    return all;
  }

 private:
  const ImportedLayer& layer(const Piece& p) const {
    return network_.layers()[static_cast<std::size_t>(p.index)];
  }
  bool is_small(const Piece& p) const { return p.kind == Piece::layer && layer(p).tensors.empty(); }

  // The names in the file, as a comment.
  std::string head(const std::vector<const Piece*>& same, std::size_t indent) const {
    if (same[0]->kind == Piece::repeat || layer(*same[0]).name.empty()) return "";
    if (is_small(*same[0])) return "";
    std::string names;
    for (const Piece* p : same) names += text(names.empty() ? "" : ", ", layer(*p).name);
    return comment(names, indent);
  }

  std::string code(const std::vector<const Piece*>& same, std::size_t indent) const {
    const Piece& first = *same[0];
    if (first.kind == Piece::layer) return layer_code(layer(first).layer);
    std::vector<Piece> bodies, shortcuts;
    for (const Piece* p : same) {
      bodies.insert(bodies.end(), p->body.begin(), p->body.end());
      shortcuts.insert(shortcuts.end(), p->shortcut.begin(), p->shortcut.end());
    }
    if (first.kind == Piece::repeat) {
      const std::size_t copies = first.copies * same.size();
      const std::string block = first.pieces_of_copy() == 1
                                    ? text("\n", children(bodies, copies, indent + 4))
                                    : text(" ", sequential(bodies, copies, indent));
      return text("Repeat<", first.copies, ",", block, ">{}");
    }
    std::string all = text("Residual<", sequential(bodies, same.size(), indent));
    if (!first.shortcut.empty()) {
      const bool single = first.shortcut.size() == 1 && first.shortcut[0].kind == Piece::layer;
      all += ",\n" + (single ? children(shortcuts, same.size(), indent + 4)
                             : std::string(indent + 4, ' ') +
                                   sequential(shortcuts, same.size(), indent + 4));
    }
    return all + ">{}";
  }

  std::string sequential(const std::vector<Piece>& pieces, std::size_t copies,
                         std::size_t indent) const {
    return text("Sequential<\n", children(pieces, copies, indent + 4), ">{}");
  }

  const ImportedNetwork& network_;
};

std::string shape_code(Shape s) {
  if (s.height * s.width == 1) return text("Shape{", s.channels, "}");
  return text("Shape{.channels = ", s.channels, ", .height = ", s.height, ", .width = ", s.width,
              "}");
}

// 44'549'160
std::string digits(std::size_t n) {
  std::string all = grouped(n);
  for (char& c : all) c = c == ',' ? '\'' : c;
  return all;
}

// What a header is written of.
struct HeaderParts {
  std::string name, file, about, code;
  Shape input{}, output{};
  std::size_t parameters = 0;
};

std::string header_of(const HeaderParts& p) {
  return text(comment(text(p.name, ": ", shape_text(p.input), " to ", shape_text(p.output), ", ",
                           grouped(p.parameters), " parameters. Written by `etch import` from ",
                           std::filesystem::path(p.file).filename().string(), p.about,
                           ". The weights are in ", p.name, ".safetensors."),
                      0),
              "#pragma once\n#include <etch/etch.hpp>\n\nnamespace ", p.name, " {\n\n",
              "using namespace etch;\n\ninline constexpr auto network = ", p.code, ";\n\n",
              wrapped(text("using Net = Network<network, ", shape_code(p.input), ">;"), 0),
              "\nstatic_assert(Net::output_shape == ", shape_code(p.output),
              ");\nstatic_assert(Net::num_parameters == ", digits(p.parameters),
              ");\n\n}  // namespace ", p.name, "\n");
}

// Both files, or none.
WrittenNetwork write_files(const HeaderParts& parts, GraphView graph, const std::string& network,
                           const std::vector<TensorSource>& tensors,
                           const std::filesystem::path& folder, Overwrite overwrite,
                           const std::string& data = {}) {
  constexpr const char* command = "etch import";
  make_folder(folder);
  WrittenNetwork written{folder / (parts.name + ".hpp"), folder / (parts.name + ".safetensors"),
                         graph.num_parameters};
  // An export often lies beside weights of the same name, which aren't ours to replace.
  check_replaceable(written.weights, command, overwrite);
  check_replaceable(written.header, command, overwrite);
  Metadata metadata{{"etch.model", parts.name},
                    {topology_key, topology_text(graph)},
                    {network_key, network},
                    {writer_key, command}};
  if (!data.empty()) metadata.emplace("etch.data", data);
  replace_files({{written.weights,
                  [&](FileReplacement& file) {
                    write_safetensors(file, written.weights.string(), tensors, metadata);
                  }},
                 text_file(written.header, with_writer(header_of(parts), command))});
  return written;
}

// Of what has nothing but children, or a name.
const char* kind_code(Tree::Kind kind) {
  switch (kind) {
    case Tree::frozen:
      return "Frozen";
    case Tree::add:
      return "Add";
    case Tree::multiply:
      return "Multiply";
    case Tree::concat:
      return "Concat";
    case Tree::save:
      return "Save";
    case Tree::load:
      return "Load";
    case Tree::concat_with:
      return "ConcatWith";
    case Tree::add_with:
      return "AddWith";
    case Tree::multiply_with:
      return "MultiplyWith";
    default:
      return "Sequential";
  }
}

// Children on lines of their own.
std::string nested_code(const Tree& tree, std::size_t indent);
std::string nested_code(const std::vector<Tree>& children, std::size_t indent) {
  std::string all;
  for (const Tree& child : children) {
    all += text(all.empty() ? "\n" : ",\n", std::string(indent + 4, ' '),
                nested_code(child, indent + 4));
  }
  return all;
}
std::string nested_code(const Tree& tree, std::size_t indent) {
  switch (tree.kind) {
    case Tree::layer:
      return wrapped(layer_code(tree.leaf), indent);
    case Tree::repeat:
      return text("Repeat<", tree.copies, ",", nested_code(tree.children, indent), ">{}");
    case Tree::named:
      return text("Named<\"", tree.name, "\",", nested_code(tree.children, indent), ">{}");
    case Tree::residual: {
      const bool plain =
          tree.children[1].kind == Tree::sequential && tree.children[1].children.empty();
      const std::vector<Tree> shown(tree.children.begin(), tree.children.end() - (plain ? 1 : 0));
      return text("Residual<", nested_code(shown, indent), ">{}");
    }
    case Tree::save:
    case Tree::load:
    case Tree::concat_with:
    case Tree::add_with:
    case Tree::multiply_with:
      return text(kind_code(tree.kind), "<\"", tree.name, "\">{}");
    default:
      return text(kind_code(tree.kind), "<", nested_code(tree.children, indent), ">{}");
  }
}

HeaderParts parts_of(const ImportedNetwork& network, const std::vector<Piece>& pieces,
                     const std::string& name, std::size_t parameters) {
  const bool by_names = pieces.size() == 1 && pieces[0].kind == Piece::by_names;
  const std::string code =
      by_names ? nested_code(tree_of(network, pieces), 0)
               : text("Sequential<\n", Writer(network).children(pieces, 1, 4), ">{}");
  return {.name = name,
          .file = network.file(),
          .about = by_names ? "" : ", whose names stand in the comments",
          .code = code,
          .input = network.shape(0),
          .output = network.shape(network.output()),
          .parameters = parameters};
}

}  // namespace

std::string network_header(const ImportedNetwork& network, const std::vector<Piece>& pieces,
                           const std::string& name) {
  const Lowering lowering(network, pieces);
  return header_of(parts_of(network, pieces, name, lowering.graph().num_parameters));
}

WrittenNetwork write_network(const ImportedNetwork& network, const std::filesystem::path& folder,
                             const std::string& name, Overwrite overwrite) {
  if (network.layers().empty()) throw Error(network.file(), ": has no layers");
  const std::vector<Piece> pieces = structure_of(network);
  const Lowering lowering(network, pieces);
  const GraphView graph = lowering.graph();
  std::vector<TensorSource> tensors;
  for (int i = 0; i < graph.size.tensors; ++i) {
    const Tensor& t = graph.tensors[i];
    tensors.push_back(source(tensor_name(graph, t), torch_shape(t), lowering.values(i).data()));
  }
  return write_files(parts_of(network, pieces, name, graph.num_parameters), graph,
                     network_text(lowering.tree(), network.shape(0)), tensors, folder, overwrite);
}

WrittenNetwork write_network(const OpenModel& model, const std::filesystem::path& folder,
                             const std::string& name, Overwrite overwrite) {
  const HeaderParts parts{.name = name,
                          .file = model.name,
                          .about = "",
                          .code = nested_code(model.run_time->tree(), 0),
                          .input = model.input,
                          .output = model.output,
                          .parameters = model.graph.num_parameters};
  return write_files(parts, model.graph, model.network,
                     model_tensors(model.graph, model.values->data()), folder, overwrite,
                     model.data);
}

}  // namespace etch::host
