// print("loss ", 0.25f, "\n"): numbers as text without stdio, which would bring a heap.
#pragma once
#include "machine.hpp"

#include <concepts>
#include <cstdint>

inline void print_one(const char* text) { machine::write(text); }

inline void print_digits(std::uint64_t value, unsigned least) {
  char text[21];
  unsigned at = sizeof text - 1;
  text[at] = 0;
  for (unsigned n = 0; n < least || value > 0; ++n, value /= 10) {
    text[--at] = static_cast<char>('0' + value % 10);
  }
  machine::write(text + at);
}
inline void print_one(std::unsigned_integral auto value) { print_digits(value, 1); }

// Six decimals, rounded down; what a uint32 can't hold is written as "big".
inline void print_one(float value) {
  if (value < 0) machine::write("-");
  const float size = value < 0 ? -value : value;
  if (!(size < 4e9f)) return machine::write("big");
  const auto whole = static_cast<std::uint32_t>(size);
  print_digits(whole, 1);
  machine::write(".");
  print_digits(static_cast<std::uint32_t>((size - static_cast<float>(whole)) * 1e6f), 6);
}

template <class... Parts>
void print(Parts... parts) {
  (print_one(parts), ...);
}
