// How the compiler says why it refuses a network: in one sentence, with the numbers that it
// compares and the layer's name, and few lines around it.
#pragma once
#include <etch/graph.hpp>
#include <etch/text.hpp>

#include <utility>

namespace etch {

// The letters of "layer4.2.conv1", as the names of scopes make it.
struct LayerPath {
  static constexpr std::size_t most = 128;
  char letters[most]{};
  std::size_t begin = most;

  constexpr LayerPath(const Scope* scopes, int scope) {
    for (; scope != none; scope = scopes[scope].parent) {
      if (begin < most) put('.');
      if (scopes[scope].named) {
        std::size_t length = 0;
        while (scopes[scope].name[length] != 0) ++length;
        while (length > 0) put(scopes[scope].name[--length]);
      } else {
        std::size_t n = scopes[scope].index;
        do put(static_cast<char>('0' + n % 10));
        while ((n /= 10) > 0);
      }
    }
  }
  constexpr std::size_t size() const { return most - begin; }

 private:
  constexpr void put(char c) {
    if (begin > 0) letters[--begin] = c;
  }
};

// Letters as arguments, which every compiler prints.
template <char... letters>
struct LayerName {};

#if defined(__clang__)
// A call of it is no constant, and clang prints the arguments of the calls that lead there.
void network_is_refused(const char* sentence, std::size_t is, std::size_t wanted, int op);
constexpr bool refuse(const char* sentence, std::size_t is, std::size_t wanted, int op) {
  network_is_refused(sentence, is, wanted, op);
  return false;
}
template <class Layer, const auto& tables>
struct Refused {
  static_assert(refuse(tables.refusal.problem.sentence, tables.refusal.problem.is,
                       tables.refusal.problem.wanted, tables.refusal.op));
  static constexpr bool value = true;  // one error is enough
};
template <const auto& tables, std::size_t... i>
constexpr bool refuse(std::index_sequence<i...>) {
  constexpr LayerPath path(tables.scopes.data(), tables.refusal.scope);
  return Refused<LayerName<path.letters[path.begin + i]...>, tables>::value;
}
template <const auto& tables>
constexpr bool accepted() {
  if constexpr (tables.refusal.problem.found()) {
    constexpr LayerPath path(tables.scopes.data(), tables.refusal.scope);
    return refuse<tables>(std::make_index_sequence<path.size()>());
  } else {
    return true;
  }
}
#else
// g++ prints texts that are template arguments.
template <Text sentence, std::size_t is, std::size_t wanted, Text layer>
struct Refused {
  static constexpr bool value = true;  // one error is enough
  static_assert(is == wanted && sentence.empty(),
                "a layer can't take its input: Refused has the sentence, the two numbers that it "
                "compares, and the layer's name");
};
constexpr std::size_t text_length(const char* text) {
  std::size_t n = 0;
  while (text != nullptr && text[n] != 0) ++n;
  return n;
}
template <std::size_t n>
constexpr Text<n + 1> text_of(const char* from) {
  char letters[n + 1]{};
  for (std::size_t i = 0; i < n; ++i) letters[i] = from[i];
  return Text<n + 1>(letters);
}
template <const auto& tables>
inline constexpr LayerPath refused_path{tables.scopes.data(), tables.refusal.scope};
// An alias, so that a network's type is printed once.
template <const auto& tables>
using RefusedBy =
    Refused<text_of<text_length(tables.refusal.problem.sentence)>(tables.refusal.problem.sentence),
            tables.refusal.problem.is, tables.refusal.problem.wanted,
            text_of<refused_path<tables>.size()>(refused_path<tables>.letters +
                                                 refused_path<tables>.begin)>;
#endif

}  // namespace etch
