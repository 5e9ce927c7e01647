// A network with another algorithm in its convolutions and fully connected layers.
#pragma once
#include <etch/layers/conv2d.hpp>
#include <etch/layers/frozen.hpp>
#include <etch/layers/linear.hpp>
#include <etch/layers/residual.hpp>

namespace etch {

// A network with another algorithm: with_algorithm<Algorithm::loops>(lenet<10>) is lenet<10>
// without SIMD kernels and their scratch: small code on a microcontroller, and the reference to
// measure or check Algorithm::gemm against. Names and parameters stay. A layer of your own that
// holds others needs an overload as below.
template <Algorithm algorithm, Layer L>
constexpr L with_algorithm(L layer) {
  if constexpr (requires { layer.algorithm; }) layer.algorithm = algorithm;
  return layer;
}

// Internal: of layers that hold others.
template <Algorithm algorithm, auto... layers>
constexpr auto with_algorithm(Sequential<layers...>) {
  return Sequential<with_algorithm<algorithm>(layers)...>{};
}

template <Algorithm algorithm, auto... layers>
constexpr auto with_algorithm(Frozen<layers...>) {
  return Frozen<with_algorithm<algorithm>(layers)...>{};
}

template <Algorithm algorithm, Text name, auto layer>
constexpr auto with_algorithm(Named<name, layer>) {
  return Named<name, with_algorithm<algorithm>(layer)>{};
}

template <Algorithm algorithm, std::size_t n, auto block>
constexpr auto with_algorithm(Repeat<n, block>) {
  return Repeat<n, with_algorithm<algorithm>(block)>{};
}

template <Algorithm algorithm, auto body, auto shortcut>
constexpr auto with_algorithm(Residual<body, shortcut>) {
  return Residual<with_algorithm<algorithm>(body), with_algorithm<algorithm>(shortcut)>{};
}

template <Algorithm algorithm, auto... branches>
constexpr auto with_algorithm(Add<branches...>) {
  return Add<with_algorithm<algorithm>(branches)...>{};
}
template <Algorithm algorithm, auto... branches>
constexpr auto with_algorithm(Multiply<branches...>) {
  return Multiply<with_algorithm<algorithm>(branches)...>{};
}
template <Algorithm algorithm, auto... branches>
constexpr auto with_algorithm(Concat<branches...>) {
  return Concat<with_algorithm<algorithm>(branches)...>{};
}

}  // namespace etch
