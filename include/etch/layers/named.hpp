// A layer with a name of its own in the state dict, as the attributes of a torch.nn.Module have.
#pragma once
#include <etch/layer.hpp>
#include <etch/text.hpp>

namespace etch {

// Named<"conv1", Conv2d{...}>{}: its parameters are "conv1.weight" and so on. Named<"", layer>{}
// puts no name and no number in front: a layer's children join the names around it.
template <Text name, Layer auto layer>
struct Named {
  constexpr Shape output(Shape x) const { return layer.output(x); }
};

template <Text name, auto layer, Named<name, layer> named, Shape input>
struct Module<named, input> {
  static constexpr int lower(Graph& g, int x) {
    if constexpr (name.empty()) {
      return Module<layer, input>::lower(g, x);
    } else {
      const int outer = g.enter(StaticText<name>::value);
      x = Module<layer, input>::lower(g, x);
      g.leave(outer);
      return x;
    }
  }
};

}  // namespace etch
