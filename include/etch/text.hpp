// A string as a template argument: Named<"conv1", ...>.
#pragma once
#include <etch/compiler.hpp>

#include <cstddef>

namespace etch {

template <std::size_t n>
struct Text {
  char characters[n]{};

  constexpr Text(const char (&text)[n]) {
    for (std::size_t i = 0; i < n; ++i) characters[i] = text[i];
  }
  constexpr bool empty() const { return n == 1; }
};

// The same characters at an address of their own.
template <Text text>
struct StaticText {
  static constexpr auto storage = text;
  static constexpr const char* value = storage.characters;
};

}  // namespace etch
