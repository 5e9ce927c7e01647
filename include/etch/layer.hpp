// What a layer is: a structural value with `output(Shape)`, and a specialisation of Module.
#pragma once
#include <etch/graph.hpp>

#include <concepts>

namespace etch {

// A layer value knows the shape it makes of a shape. output() never fails: for a shape that doesn't
// fit it returns an unspecified shape, and Module reports the error by a sentence.
template <class T>
concept Layer = requires(const T layer, Shape x) {
  { layer.output(x) } -> std::same_as<Shape>;
};

// A layer at an input shape. A specialisation has
//   static constexpr int lower(Graph&, int x);  // appends its ops, returns the output value
// and static_asserts that refuse a wrong use, one comparison and one sentence each.
// Start from layers/relu.hpp (no parameters) or layers/linear.hpp (with).
template <auto layer, Shape input>
struct Module {
  static_assert(!Layer<decltype(layer)>,
                "Module: this layer has no specialisation of etch::Module");
};

// Comparisons for static_asserts: compilers print both numbers of a concept that fails.
template <auto a, auto b>
concept Equal = (a == b);
template <auto a, auto b>
concept AtMost = (a <= b);
template <auto a, auto b>
concept AtLeast = (a >= b);

}  // namespace etch
