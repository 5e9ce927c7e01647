// Where the tensors of a network lie in its Parameters.
#include "weights/stored_layout.hpp"

#include "error.hpp"
#include "network/names.hpp"
#include "weights/folding.hpp"

#include <etch/topology.hpp>

#include <nlohmann/json.hpp>

namespace etch::host {

using Json = nlohmann::json;

static Json json_of(Shape s) { return {s.channels, s.height, s.width}; }
static Shape shape_of(const Json& j) {
  return {j.at(0).get<std::size_t>(), j.at(1).get<std::size_t>(), j.at(2).get<std::size_t>()};
}

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

// A tensor of the layout. Every number is small enough that no product of them wraps around.
static Tensor tensor_of(const Json& j) {
  Tensor t;
  t.rank = j.at("rank").get<int>();
  kernels::ConvGeometry& g = t.geometry;
  g.input = shape_of(j.at("input"));
  g.output = shape_of(j.at("output"));
  g.window.kernel_size = {j.at("kernel_size").at(0).get<std::size_t>(),
                          j.at("kernel_size").at(1).get<std::size_t>()};
  g.groups = j.at("groups").get<std::size_t>();
  const std::size_t sizes[] = {g.input.channels, g.output.channels, g.window.kernel_size.height,
                               g.window.kernel_size.width, g.groups};
  for (const std::size_t n : sizes) {
    if (n == 0 || n > 1 << 20) throw Error("a size of ", n);
  }
  if (g.input.channels % g.groups != 0 || g.output.channels % g.groups != 0 ||
      g.window.kernel_size.area() > std::size_t{1} << 22) {
    throw Error("a geometry that can't be");
  }
  return t;
}

static ParameterLayout layout_from(const Json& j) {
  ParameterLayout layout;
  layout.topology = j.at("topology").get<std::uint64_t>();
  layout.total = j.at("total").get<std::size_t>();
  layout.num_parameters = j.at("parameters").get<std::size_t>();
  // Tensors and the alignment between them are all there is.
  std::size_t most = 4 * cache_line_floats;
  for (const Json& t : j.at("tensors")) {
    layout.names.push_back(t.at("name").get<std::string>());
    layout.tensors.push_back(tensor_of(t));
    layout.offsets.push_back(t.at("offset").get<std::size_t>());
    const std::size_t size = layout.tensors.back().size(), at = layout.offsets.back();
    if (at > layout.total || size > layout.total - at) throw Error("a tensor beyond the end");
    most += size + 2 * cache_line_floats;
  }
  if (layout.total > most) throw Error("a total of ", layout.total);
  return layout;
}

// What `read` makes of the JSON.
template <class Read>
static auto parsed(const std::string& file, const std::string& stored, const Read& read) {
  try {
    return read(Json::parse(stored));
  } catch (const std::exception& e) {
    throw Error(file, ": metadata etch.layout is damaged: ", e.what());
  }
}

ParameterLayout read_layout(const std::string& file, const std::string& stored) {
  return parsed(file, stored, layout_from);
}

FoldedLayout read_folded_layout(const std::string& file, const std::string& stored) {
  return parsed(file, stored, [](const Json& j) {
    if (!j.contains("folded")) {
      throw Error("it has no folded layout: `etch import` writes it now");
    }
    FoldedLayout folded{layout_from(j.at("folded")), {}};
    for (const Json& n : j.at("folded").at("norms")) {
      folded.norms.push_back({n.at("into").get<std::string>(), n.at("norm").get<std::string>(),
                              n.at("eps").get<float>()});
    }
    return folded;
  });
}

}  // namespace etch::host
