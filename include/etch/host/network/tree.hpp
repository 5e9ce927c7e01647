// A network as a value at run time: the same layers, nested and joined in the same ways, as a value
// of Sequential, Repeat, Residual, Concat, Save and the like has them in the compiler. It is a
// Layer itself, and makes the same graph.
#pragma once
#include <etch/layers/any_layer.hpp>
#include <etch/layers/frozen.hpp>
#include <etch/layers/residual.hpp>
#include <etch/layers/saved.hpp>

#include <string>
#include <utility>
#include <vector>

namespace etch::host {

// A layer, or layers in one of the ways to nest them.
struct Tree {
  // Of which layers of the compiler it is.
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

  Kind kind = sequential;        // which of the others has a meaning
  AnyLayer leaf{};               // layer
  std::string name{};            // named, save and later; must outlive the graphs it is lowered to
  std::size_t copies = 1;        // repeat
  std::vector<Tree> children{};  // residual: body and shortcut; repeat and named: one

  // Unspecified where joins are inside.
  Shape output(Shape x) const;
  Value lower(Graph& g, Value x) const;
};

// A network with this algorithm in all convolutions and fully connected layers; see
// with_algorithm.hpp.
Tree with_algorithm(Tree tree, Algorithm algorithm);

// Of a value of the compiler. A user-defined layer has none: there is no name for it in a file.
template <class L>
concept KnownLayer = std::is_constructible_v<AnyLayer, L>;

// Whether all layers of a network have one.
template <class L>
inline constexpr bool has_tree = KnownLayer<L>;
template <class L>
inline constexpr bool has_tree<const L> = has_tree<L>;  // as g++ 12 has decltype of a parameter
template <auto... layers>
inline constexpr bool has_tree<Sequential<layers...>> = (has_tree<decltype(layers)> && ...);
template <auto... layers>
inline constexpr bool has_tree<Frozen<layers...>> = (has_tree<decltype(layers)> && ...);
template <std::size_t n, auto block>
inline constexpr bool has_tree<Repeat<n, block>> = has_tree<decltype(block)>;
template <Text name, auto layer>
inline constexpr bool has_tree<Named<name, layer>> = has_tree<decltype(layer)>;
template <auto body, auto shortcut>
inline constexpr bool has_tree<Residual<body, shortcut>> =
    has_tree<decltype(body)>&& has_tree<decltype(shortcut)>;
template <auto... branches>
inline constexpr bool has_tree<Add<branches...>> = (has_tree<decltype(branches)> && ...);
template <auto... branches>
inline constexpr bool has_tree<Multiply<branches...>> = (has_tree<decltype(branches)> && ...);
template <auto... branches>
inline constexpr bool has_tree<Concat<branches...>> = (has_tree<decltype(branches)> && ...);
template <Text name>
inline constexpr bool has_tree<Save<name>> = true;
template <Text name>
inline constexpr bool has_tree<Load<name>> = true;
template <Text name>
inline constexpr bool has_tree<ConcatWith<name>> = true;
template <Text name>
inline constexpr bool has_tree<AddWith<name>> = true;
template <Text name>
inline constexpr bool has_tree<MultiplyWith<name>> = true;

// The tree of a layer, or of layers, of the compiler.
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
