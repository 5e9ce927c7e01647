// A layer with a name of its own in the state dict, as the attributes of a torch.nn.Module have.
#pragma once
#include <etch/layer.hpp>
#include <etch/text.hpp>

namespace etch {

// A layer under a name. Named<"conv1", Conv2d{...}>{}: its parameters are "conv1.weight" and so on.
// Named<"", layer>{} puts no name and no number in front: a layer's children join the names around
// it.
template <Text name, Layer auto layer>
struct Named {
  constexpr Shape output(Shape x) const { return layer.output(x); }
  constexpr Value lower(Graph& g, Value x) const {
    if constexpr (name.empty()) {
      return add_layer(g, layer, x);
    } else {
      const int outer = g.enter(StaticText<name>::value);
      x = add_layer(g, layer, x);
      g.leave(outer);
      return x;
    }
  }
};

}  // namespace etch
