// The shape of an imported network as a person would write it: a chain of layers, residual blocks,
// and repeats of these.
#pragma once
#include "import/imported.hpp"

#include <etch/host/network/tree.hpp>

#include <span>
#include <vector>

namespace etch::host {

// One child of a Sequential: a layer, a Residual or a Repeat.
struct Piece {
  enum Kind : unsigned char { layer, residual, repeat };

  Kind kind = layer;
  int index = none;               // layer, and a residual's add: of ImportedNetwork::layers()
  int x = none, y = none;         // the values it begins and ends with
  std::vector<Piece> body{};      // residual; repeat: of all copies, one after the other
  std::vector<Piece> shortcut{};  // residual; empty: the identity
  std::size_t copies = 1;         // repeat: body.size() / copies pieces are one copy

  std::size_t pieces_of_copy() const { return body.size() / copies; }
};

// Throws an Error where the network isn't such a chain, naming the layer.
std::vector<Piece> structure_of(const ImportedNetwork& network);

// The same as a value, whose copies of a repeat are one.
Tree tree_of(const ImportedNetwork& network, std::span<const Piece> pieces);

// The layers that become ops of the tree's graph, in their order.
std::vector<int> layers_in_order(const ImportedNetwork& network, std::span<const Piece> pieces);

}  // namespace etch::host
