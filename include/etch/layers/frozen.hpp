// Layers that don't learn: requires_grad_(False) and eval() in PyTorch.
#pragma once
#include <etch/layers/sequential.hpp>

namespace etch {

// Layers that don't learn. Frozen<layers...>{} is a Sequential whose parameters have no gradient
// and no optimizer state; nothing is saved for it unless a layer before it learns. It runs in
// evaluation mode: batch norm takes its running statistics, dropout does nothing. It is named as
// the Sequential would be.
template <Layer auto... layers>
struct Frozen {
  constexpr Shape output(Shape x) const { return Sequential<layers...>{}.output(x); }
  constexpr Value lower(Graph& g, Value x) const {
    const bool before = g.freeze(true);
    x = Sequential<layers...>{}.lower(g, x);
    g.freeze(before);
    return x;
  }
};

}  // namespace etch
