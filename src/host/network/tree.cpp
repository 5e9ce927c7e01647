// A network as a value at run time.
#include <etch/host/network/tree.hpp>

#include "network/fields.hpp"
#include "network/tree_json.hpp"

#include <etch/host/error.hpp>
#include <etch/host/format.hpp>

#include <nlohmann/json.hpp>

namespace etch::host {

using Json = nlohmann::json;

static Value lower_copies(Graph& g, const Tree& repeat, Value x, std::size_t& index) {
  for (std::size_t i = 0; i < repeat.copies; ++i) {
    const Value y = lower_numbered(g, repeat.children[0], x, index);
    if (!g.accepts(repeat_problem(x.shape, y.shape))) break;
    x = y;
  }
  return x;
}

// As lower_child() of layers/sequential.hpp does of each kind of child.
static Value lower_children(Graph& g, const std::vector<Tree>& children, Value x) {
  std::size_t index = 0;
  for (const Tree& child : children) {
    if (child.kind == Tree::named) {
      ++index;
      x = add_layer(g, child, x);
    } else if (child.kind == Tree::repeat) {
      if (!g.refused()) x = lower_copies(g, child, x, index);
    } else {
      x = lower_numbered(g, child, x, index);
    }
  }
  return x;
}

static Value lower_branch(Graph& g, const Tree& branch, Value x, std::size_t& index) {
  if (branch.kind != Tree::named) return lower_numbered(g, branch, x, index);
  ++index;
  return add_layer(g, branch, x);
}

// As Add, Multiply and Concat of layers/join.hpp do.
static Value lower_join(Graph& g, const Tree& join, Value x) {
  std::size_t index = 0;
  Concatenation whole(g);
  Value y;
  for (const Tree& branch : join.children) {
    const bool first = index == 0;
    const Value part = lower_branch(g, branch, x, index);
    if (join.kind == Tree::concat) {
      whole.add(part);
    } else if (first) {
      y = part;
    } else {
      y = join.kind == Tree::add ? lower_sum(g, y, part) : lower_product(g, y, part);
    }
  }
  return join.kind == Tree::concat ? whole.finish() : y;
}

static Value lower_shortcut(Graph& g, const Tree& shortcut, Value x) {
  if (shortcut.kind == Tree::named) return add_layer(g, shortcut, x);
  const int outer = g.enter("shortcut");
  x = add_layer(g, shortcut, x);
  g.leave(outer);
  return x;
}

Shape Tree::output(Shape x) const {
  if (kind == layer) return std::visit([&](const auto& l) { return l.output(x); }, leaf);
  if (kind == repeat && copies == 0) return x;
  if (kind == residual || kind == add) return children[0].output(x);
  for (const Tree& child : children) x = child.output(x);
  return x;
}

Value Tree::lower(Graph& g, Value x) const {
  std::size_t index = 0;
  switch (kind) {
    case layer:
      return std::visit([&](const auto& l) { return add_layer(g, l, x); }, leaf);
    case repeat:
      return lower_copies(g, *this, x, index);
    case residual: {
      const Value y = add_layer(g, children[0], x);
      return lower_residual(g, y, lower_shortcut(g, children[1], x));
    }
    case named: {
      if (name.empty()) return add_layer(g, children[0], x);
      const int outer = g.enter(name.c_str());
      x = add_layer(g, children[0], x);
      g.leave(outer);
      return x;
    }
    case frozen: {
      const bool before = g.freeze(true);
      x = lower_children(g, children, x);
      g.freeze(before);
      return x;
    }
    case add:
    case multiply:
    case concat:
      return lower_join(g, *this, x);
    case save:
      g.save(name.c_str(), x);
      return x;
    case load:
      return lower_load(g, name.c_str(), x);
    case concat_with:
      return lower_concat_with(g, name.c_str(), x);
    case add_with:
      return lower_add_with(g, name.c_str(), x);
    case multiply_with:
      return lower_multiply_with(g, name.c_str(), x);
    default:
      return lower_children(g, children, x);
  }
}

Tree with_algorithm(Tree tree, Algorithm algorithm) {
  const auto set = [&](auto& l) {
    if constexpr (requires { l.algorithm; }) l.algorithm = algorithm;
  };
  std::visit(set, tree.leaf);
  for (Tree& child : tree.children) child = with_algorithm(std::move(child), algorithm);
  return tree;
}

static Json json_of(const std::vector<Tree>& children) {
  Json all = Json::array();
  for (const Tree& child : children) all.push_back(tree_json(child));
  return all;
}

// Of kinds that have children and nothing else, and of those that have a name and nothing else.
struct KindName {
  const char* name;
  Tree::Kind kind;
};
constexpr KindName nested_kinds[] = {{"sequential", Tree::sequential},
                                     {"frozen", Tree::frozen},
                                     {"add", Tree::add},
                                     {"multiply", Tree::multiply},
                                     {"concat", Tree::concat}};
constexpr KindName name_kinds[] = {{"save", Tree::save},
                                   {"load", Tree::load},
                                   {"concat_with", Tree::concat_with},
                                   {"add_with", Tree::add_with},
                                   {"multiply_with", Tree::multiply_with}};

Json tree_json(const Tree& tree) {
  switch (tree.kind) {
    case Tree::layer:
      return layer_json(tree.leaf);
    case Tree::repeat:
      return {{"repeat", tree.copies}, {"of", tree_json(tree.children[0])}};
    case Tree::residual:
      return {{"residual", tree_json(tree.children[0])}, {"shortcut", tree_json(tree.children[1])}};
    case Tree::named:
      return {{"named", tree.name}, {"of", tree_json(tree.children[0])}};
    default:
      break;
  }
  for (const KindName& k : nested_kinds) {
    if (tree.kind == k.kind) return {{k.name, json_of(tree.children)}};
  }
  for (const KindName& k : name_kinds) {
    if (tree.kind == k.kind) return {{k.name, tree.name}};
  }
  return {};
}

static std::vector<Tree> children_from(const JsonValue& json) {
  std::vector<Tree> all;
  for (std::size_t i = 0; i < json.size(); ++i) all.push_back(tree_from(json.at(i)));
  return all;
}

// A name is a part of tensors' names, which dots join.
static std::string scope_from(const JsonValue& json) {
  const std::string& name = json.text();
  if (name.find('.') == std::string::npos && name == printable(name)) return name;
  throw Error(json.name(), " is ", printable(name), ", but a name without dots is expected");
}

Tree tree_from(const JsonValue& json) {
  if (json.has("layer")) return {.kind = Tree::layer, .leaf = layer_from(json)};
  for (const KindName& k : nested_kinds) {
    if (!json.has(k.name)) continue;
    Tree tree{.kind = k.kind, .children = children_from(json.at(k.name))};
    const bool is_join = k.kind != Tree::sequential && k.kind != Tree::frozen;
    if (is_join && tree.children.empty()) throw Error(json.name(), ": ", k.name, " has no branch");
    return tree;
  }
  for (const KindName& k : name_kinds) {
    if (json.has(k.name)) return {.kind = k.kind, .name = scope_from(json.at(k.name))};
  }
  if (json.has("repeat")) {
    constexpr std::size_t most_copies = 10'000;
    return {.kind = Tree::repeat,
            .copies = json.at("repeat").number(most_copies),
            .children = {tree_from(json.at("of"))}};
  }
  if (json.has("named")) {
    return {.kind = Tree::named,
            .name = scope_from(json.at("named")),
            .children = {tree_from(json.at("of"))}};
  }
  if (json.has("residual")) {
    return {.kind = Tree::residual,
            .children = {tree_from(json.at("residual")), tree_from(json.at("shortcut"))}};
  }
  throw Error(json.name(), " is neither a layer nor layers that are nested");
}

}  // namespace etch::host
