// Where the tensors of a network lie in its Parameters.
#include "weights/stored_layout.hpp"

#include "checked.hpp"
#include "error.hpp"
#include "format.hpp"
#include "json.hpp"
#include "network/names.hpp"
#include "weights/folding.hpp"

#include <etch/topology.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <numeric>

namespace etch::host {

using Json = nlohmann::json;

static Json json_of(Shape s) { return {s.channels, s.height, s.width}; }
static Json json_of(const ParameterLayout& layout) {
  Json tensors = Json::array();
  for (std::size_t i = 0; i < layout.tensors.size(); ++i) {
    const Tensor& t = layout.tensors[i];
    const kernels::ConvGeometry& g = t.geometry;
    tensors.push_back({{"name", layout.names[i]},
                       {"offset", layout.offsets[i]},
                       {"rank", t.rank},
                       {"input", json_of(g.input)},
                       {"output", json_of(g.output)},
                       {"kernel_size", {g.window.kernel_size.height, g.window.kernel_size.width}},
                       {"groups", g.groups}});
  }
  return Json{{"topology", layout.topology},
              {"total", layout.total},
              {"parameters", layout.num_parameters},
              {"tensors", tensors}};
}

std::string stored_layout(GraphView graph) {
  Json all = json_of(layout_of(graph));
  const FoldedLayout folded = folded_layout_of(graph);
  all["folded"] = json_of(folded.layout);
  all["folded"]["norms"] = Json::array();
  for (const FoldedNorm& n : folded.norms) {
    all["folded"]["norms"].push_back({{"into", n.into}, {"norm", n.norm}, {"eps", n.eps}});
  }
  return all.dump();
}

std::vector<TensorPlace> ParameterLayout::places(float* values) const {
  std::vector<TensorPlace> all;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    all.push_back({names[i], &tensors[i], values == nullptr ? nullptr : values + offsets[i]});
  }
  return all;
}

ParameterLayout layout_of(GraphView graph) {
  ParameterLayout layout;
  layout.topology = topology_hash(graph);
  layout.total = graph.total();
  layout.num_parameters = graph.num_parameters;
  for (int i = 0; i < graph.size.tensors; ++i) {
    const Tensor& t = graph.tensors[i];
    layout.names.push_back(tensor_name(graph, t));
    layout.tensors.push_back(t);
    layout.offsets.push_back(graph.offset_of(t));
  }
  return layout;
}

// Reading. A layout is of a file, which may be anyone's: whatever the places of its tensors are,
// they lie within its total and apart from each other, and a tensor has the numbers that its shape
// says.

static std::size_t size_of(const JsonValue& j) {
  const std::size_t n = j.number(most_floats);
  if (n == 0) throw Error(j.name(), " is 0");
  return n;
}
static Shape shape_of(const JsonValue& j) {
  return {size_of(j.at(std::size_t{0})), size_of(j.at(1)), size_of(j.at(2))};
}

static Tensor tensor_of(const JsonValue& j) {
  Tensor t;
  t.rank = static_cast<int>(j.at("rank").number(4));
  kernels::ConvGeometry& g = t.geometry;
  g.input = shape_of(j.at("input"));
  g.output = shape_of(j.at("output"));
  const JsonValue kernel = j.at("kernel_size");
  g.window.kernel_size = {size_of(kernel.at(std::size_t{0})), size_of(kernel.at(1))};
  g.groups = size_of(j.at("groups"));
  checked_product({g.input.channels, g.output.channels, g.window.kernel_size.height,
                   g.window.kernel_size.width},
                  j.name() + "'s count of numbers", most_floats);
  if (g.input.channels % g.groups != 0 || g.output.channels % g.groups != 0) {
    throw Error(j.name(), " has ", g.groups, " groups of ", g.input.channels, " to ",
                g.output.channels, " channels");
  }
  const bool vector = t.rank == 1 && g.output.channels == 1;
  if (!vector && t.rank != 2 && t.rank != 4) {
    throw Error(j.name(), " has rank ", t.rank, " and ", g.output.channels, " outputs");
  }
  return t;
}

// Each between the one before it and the end.
static void check_places(const ParameterLayout& layout) {
  std::vector<std::size_t> order(layout.tensors.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return layout.offsets[a] < layout.offsets[b]; });
  std::size_t end = 0;
  for (const std::size_t i : order) {
    if (layout.offsets[i] < end) throw Error(layout.names[i], " lies within another tensor");
    // Alignment is all that there is between tensors.
    if (layout.offsets[i] - end > 4 * cache_line_floats) {
      throw Error(layout.names[i], " is at ", layout.offsets[i], ", behind a gap");
    }
    end = layout.offsets[i] + layout.tensors[i].size();
    if (end > layout.total) throw Error(layout.names[i], " ends beyond ", layout.total);
  }
  if (layout.total - end > 4 * cache_line_floats) {
    throw Error("total is ", layout.total, ", but its tensors end at ", end);
  }
}

static ParameterLayout layout_from(const JsonValue& j) {
  ParameterLayout layout;
  layout.topology = j.at("topology").number();
  layout.total = j.at("total").number(most_floats);
  layout.num_parameters = j.at("parameters").number(layout.total);
  const JsonValue tensors = j.at("tensors");
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const JsonValue t = tensors.at(i);
    layout.names.push_back(printable(t.at("name").text()));
    layout.tensors.push_back(tensor_of(t));
    layout.offsets.push_back(t.at("offset").number(most_floats));
  }
  check_places(layout);
  return layout;
}

// What `read` makes of the JSON.
template <class Read>
static auto parsed(const std::string& file, const std::string& stored, const Read& read) {
  try {
    const Json json = parse_json(stored);
    return read(JsonValue(json));
  } catch (const Error& e) {
    throw Error(file, ": metadata etch.layout is damaged: ", e.what());
  }
}

ParameterLayout read_layout(const std::string& file, const std::string& stored) {
  return parsed(file, stored, layout_from);
}

FoldedLayout read_folded_layout(const std::string& file, const std::string& stored) {
  return parsed(file, stored, [](const JsonValue& j) {
    if (!j.has("folded")) throw Error("it has no folded layout: `etch import` writes it now");
    const JsonValue stored_folded = j.at("folded"), norms = stored_folded.at("norms");
    FoldedLayout folded{layout_from(stored_folded), {}};
    // A bias more, and two numbers a channel less; the file has all of what isn't folded.
    const std::size_t most = j.at("total").number(most_floats) +
                             4 * cache_line_floats * (1 + folded.layout.tensors.size());
    if (folded.layout.total > most) throw Error("folded, it has more numbers than it had");
    for (std::size_t i = 0; i < norms.size(); ++i) {
      const JsonValue n = norms.at(i);
      const double eps = n.at("eps").real();
      if (!(eps >= 0 && eps <= 1)) throw Error("eps is ", eps, ", but 0 to 1 is expected");
      folded.norms.push_back({n.at("into").text(), n.at("norm").text(), static_cast<float>(eps)});
    }
    return folded;
  });
}

}  // namespace etch::host
