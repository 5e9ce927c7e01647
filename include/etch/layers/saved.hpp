// Values under a name, for networks whose branches don't nest. A U-Net reads from top to bottom:
//
//   Sequential<down1, Save<"skip1">{}, MaxPool2d{.kernel_size = 2}, down2, up1,
//              ConcatWith<"skip1">{}, head>{}
//
// A name is saved once, before it is used, and is used at least once.
#pragma once
#include <etch/layers/join.hpp>
#include <etch/text.hpp>

namespace etch {

// y = x, and x can be used under this name by the layers after it.
template <Text name>
struct Save {
  constexpr Shape output(Shape x) const { return x; }
  constexpr Value lower(Graph& g, Value x) const {
    g.save(StaticText<name>::value, x);
    return x;
  }
};

// Internal: these functions serve the compiler and a network of a file.
constexpr Value lower_load(Graph& g, const char* name, Value x) {
  const Value saved = g.saved(name, x, "Load: a name must be saved before it is used");
  g.replace(name, x);
  return saved;
}
// Internal: see above.
constexpr Value lower_concat_with(Graph& g, const char* name, Value x) {
  const Value saved = g.saved(name, x, "ConcatWith: a name must be saved before it is used");
  if (g.refused()) return x;
  Concatenation whole(g);
  whole.add(x);
  whole.add(saved);
  return whole.finish();
}
// Internal: see above.
constexpr Value lower_add_with(Graph& g, const char* name, Value x) {
  const Value saved = g.saved(name, x, "AddWith: a name must be saved before it is used");
  return g.refused() ? x : lower_sum(g, x, saved);
}
// Internal: see above.
constexpr Value lower_multiply_with(Graph& g, const char* name, Value x) {
  const Value saved = g.saved(name, x, "MultiplyWith: a name must be saved before it is used");
  return g.refused() ? x : lower_product(g, x, saved);
}

// y = the value of that name, in the place of its input, which another layer must use.
template <Text name>
struct Load {
  constexpr Shape output(Shape x) const { return x; }
  constexpr Value lower(Graph& g, Value x) const {
    return lower_load(g, StaticText<name>::value, x);
  }
};

// y = x with the channels of the value of that name behind its own. (Concat<Load<"a">{},
// Identity{}> has them the other way round.)
template <Text name>
struct ConcatWith {
  constexpr Shape output(Shape x) const { return x; }
  constexpr Value lower(Graph& g, Value x) const {
    return lower_concat_with(g, StaticText<name>::value, x);
  }
};

// y = x + the value of that name, of one shape.
template <Text name>
struct AddWith {
  constexpr Shape output(Shape x) const { return x; }
  constexpr Value lower(Graph& g, Value x) const {
    return lower_add_with(g, StaticText<name>::value, x);
  }
};

// y = x * the value of that name; see Multiply.
template <Text name>
struct MultiplyWith {
  constexpr Shape output(Shape x) const { return x; }
  constexpr Value lower(Graph& g, Value x) const {
    return lower_multiply_with(g, StaticText<name>::value, x);
  }
};

}  // namespace etch
