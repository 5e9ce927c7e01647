// The shape of an imported network as a person would write it: a chain of layers, residual blocks,
// and repeats of these; or where its branches don't nest so, layers one after the other and values
// by name.
#pragma once
#include "import/imported.hpp"

#include <etch/host/network/tree.hpp>

#include <span>
#include <vector>

namespace etch::host {

// One child of a Sequential: a layer, a Residual or a Repeat. Or the whole network by names.
struct Piece {
  enum Kind : unsigned char { layer, residual, repeat, by_names };

  Kind kind = layer;
  int index = none;               // layer, and a residual's add: of ImportedNetwork::layers()
  int x = none, y = none;         // the values it begins and ends with
  std::vector<Piece> body{};      // residual; repeat: of all copies, one after the other
  std::vector<Piece> shortcut{};  // residual; empty: the identity
  std::size_t copies = 1;         // repeat: body.size() / copies pieces are one copy

  std::size_t pieces_of_copy() const { return body.size() / copies; }
};

// Throws an Error where a layer isn't needed, or residual blocks nest too deeply, naming the layer.
std::vector<Piece> structure_of(const ImportedNetwork& network);

// The same as a value, whose copies of a repeat are one.
Tree tree_of(const ImportedNetwork& network, std::span<const Piece> pieces);

// The layers that become ops of the tree's graph, in their order.
std::vector<int> layers_in_order(const ImportedNetwork& network, std::span<const Piece> pieces);

}  // namespace etch::host
