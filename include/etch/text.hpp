// A string as a template argument: Named<"conv1", ...>.
#pragma once
#include <etch/compiler.hpp>

#include <cstddef>

namespace etch {

// A string of n - 1 characters, which may be a template argument.
template <std::size_t n>
struct Text {
  char characters[n]{};  // ends with 0

  // Implicitly, so that a literal can stand in the place of a Text.
  constexpr Text(const char (&text)[n]) {
    for (std::size_t i = 0; i < n; ++i) characters[i] = text[i];
  }
  // Whether it is "".
  constexpr bool empty() const { return n == 1; }
};

// A Text at an address of its own, as a null-terminated string.
template <Text text>
struct StaticText {
  static constexpr auto storage = text;  // one object a text, in every file of a program
  // The characters, null-terminated.
  static constexpr const char* value = storage.characters;
};

}  // namespace etch
