// A network as a value at run time: the same layers, nested and joined in the same ways, as a value
// of Sequential, Repeat, Residual, Concat, Save and the like has them in the compiler. It is a
// Layer itself, and makes the same graph.
#pragma once
#include "network/fields.hpp"

#include <etch/layers/frozen.hpp>
#include <etch/layers/residual.hpp>
#include <etch/layers/saved.hpp>

#include <string>
#include <utility>
#include <vector>

namespace etch::host {

struct Tree {
  enum Kind : unsigned char {
    layer,
    sequential,
    repeat,
    residual,
    named,
    frozen,
    add,
    multiply,
    concat,
    save,
    load,
    concat_with,
    add_with,
    multiply_with
  };

  Kind kind = sequential;
  AnyLayer leaf{};               // layer
  std::string name{};            // named, save and later; must outlive the graphs it is lowered to
  std::size_t copies = 1;        // repeat
  std::vector<Tree> children{};  // residual: body and shortcut; repeat and named: one

  // Unspecified where joins are inside.
  Shape output(Shape x) const;
  Value lower(Graph& g, Value x) const;
};

// The same with this algorithm in all convolutions and fully connected layers; see
// with_algorithm.hpp.
Tree with_algorithm(Tree tree, Algorithm algorithm);

// As JSON: a layer (fields.hpp), {"sequential": [...]}, {"frozen": [...]}, {"repeat": n, "of":
// ...}, {"named": "conv1", "of": ...}, {"residual": ..., "shortcut": ...}, branches as {"add":
// [...]}, {"multiply": [...]} and {"concat": [...]}, names as {"save": "skip1"}, {"load": "skip1"},
// {"concat_with": "skip1"} and so on; and back. An Error names the part that is wrong.
nlohmann::json tree_json(const Tree& tree);
Tree tree_from(const JsonValue& json);
// Objects and arrays of it within each other, at most.
inline constexpr int tree_json_depth = 400;

// Of a value of the compiler. A user-defined layer has none: there is no name for it in a file.
template <class L>
concept KnownLayer = std::is_constructible_v<AnyLayer, L>;

template <KnownLayer L>
Tree tree_of(const L& layer) {
  return {.kind = Tree::layer, .leaf = layer};
}
template <auto... layers>
Tree tree_of(const Sequential<layers...>&);
template <auto... layers>
Tree tree_of(const Frozen<layers...>&);
template <std::size_t n, auto block>
Tree tree_of(const Repeat<n, block>&);
template <Text name, auto layer>
Tree tree_of(const Named<name, layer>&);
template <auto body, auto shortcut>
Tree tree_of(const Residual<body, shortcut>&);
template <auto... branches>
Tree tree_of(const Add<branches...>&);
template <auto... branches>
Tree tree_of(const Multiply<branches...>&);
template <auto... branches>
Tree tree_of(const Concat<branches...>&);
template <Text name>
Tree tree_of(const Save<name>&) {
  return {.kind = Tree::save, .name = name.characters};
}
template <Text name>
Tree tree_of(const Load<name>&) {
  return {.kind = Tree::load, .name = name.characters};
}
template <Text name>
Tree tree_of(const ConcatWith<name>&) {
  return {.kind = Tree::concat_with, .name = name.characters};
}
template <Text name>
Tree tree_of(const AddWith<name>&) {
  return {.kind = Tree::add_with, .name = name.characters};
}
template <Text name>
Tree tree_of(const MultiplyWith<name>&) {
  return {.kind = Tree::multiply_with, .name = name.characters};
}

template <auto... layers>
Tree tree_of(const Sequential<layers...>&) {
  return {.kind = Tree::sequential, .children = {tree_of(layers)...}};
}
template <auto... layers>
Tree tree_of(const Frozen<layers...>&) {
  return {.kind = Tree::frozen, .children = {tree_of(layers)...}};
}
template <std::size_t n, auto block>
Tree tree_of(const Repeat<n, block>&) {
  return {.kind = Tree::repeat, .copies = n, .children = {tree_of(block)}};
}
template <Text name, auto layer>
Tree tree_of(const Named<name, layer>&) {
  return {.kind = Tree::named, .name = name.characters, .children = {tree_of(layer)}};
}
template <auto body, auto shortcut>
Tree tree_of(const Residual<body, shortcut>&) {
  return {.kind = Tree::residual, .children = {tree_of(body), tree_of(shortcut)}};
}
template <auto... branches>
Tree tree_of(const Add<branches...>&) {
  return {.kind = Tree::add, .children = {tree_of(branches)...}};
}
template <auto... branches>
Tree tree_of(const Multiply<branches...>&) {
  return {.kind = Tree::multiply, .children = {tree_of(branches)...}};
}
template <auto... branches>
Tree tree_of(const Concat<branches...>&) {
  return {.kind = Tree::concat, .children = {tree_of(branches)...}};
}

}  // namespace etch::host
