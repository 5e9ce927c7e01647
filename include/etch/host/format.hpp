// Numbers as people read them.
#pragma once
#include <etch/shape.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace etch::host {

std::string grouped(std::uint64_t n);                  // 44,549,160
std::string bytes_text(std::uint64_t bytes);           // 170.4 MiB
std::string count_text(std::uint64_t n);               // 7.80 G
std::string hexadecimal(std::uint64_t n, int digits);  // 00ff
std::string fixed(double x, int decimals);             // 0.1250
std::string significant(double x);                     // 0.012346, 1234.6, 1.2346e-07
std::string duration_text(double seconds);             // 1:02:07, 2:07, 3.1 s
std::string shape_text(std::span<const std::size_t>);  // [64, 3, 7, 7]
std::string shape_text(Shape);                         // 64x112x112
// A text of a file as a part of a sentence: one line, and not long.
std::string printable(std::string_view text);
// With spaces on the left up to this width.
std::string padded_left(const std::string&, std::size_t width);
// With spaces on the right up to this width.
std::string padded_right(const std::string&, std::size_t width);

}  // namespace etch::host
