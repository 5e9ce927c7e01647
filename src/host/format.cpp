// Numbers as people read them.
#include <etch/host/format.hpp>

#include <array>
#include <cstdio>

namespace etch::host {

std::string grouped(std::uint64_t n) {
  std::string digits = std::to_string(n);
  for (std::size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, 1, ',');
  }
  return digits;
}

std::string hexadecimal(std::uint64_t n, int digits) {
  std::string all(static_cast<std::size_t>(digits), '0');
  for (std::size_t i = all.size(); i-- > 0; n >>= 4) all[i] = "0123456789abcdef"[n & 15];
  return all;
}

static std::string printed(const char* format, int digits, double x) {
  std::array<char, 64> buffer{};
  std::snprintf(buffer.data(), buffer.size(), format, digits, x);
  return buffer.data();
}

std::string fixed(double x, int decimals) { return printed("%.*f", decimals, x); }
std::string significant(double x) { return printed("%.*g", 5, x); }

// n over the largest power of `base` that leaves at least 1, with that power's unit.
static std::string scaled(std::uint64_t n, double base, std::span<const char* const> units) {
  double x = static_cast<double>(n);
  std::size_t unit = 0;
  for (; x >= base && unit + 1 < units.size(); ++unit) x /= base;
  return (unit == 0 ? std::to_string(n) : fixed(x, x < 10 ? 2 : 1)) + units[unit];
}

std::string bytes_text(std::uint64_t bytes) {
  static constexpr std::array units{" B", " KiB", " MiB", " GiB", " TiB"};
  return scaled(bytes, 1024, units);
}

std::string count_text(std::uint64_t n) {
  static constexpr std::array units{"", " k", " M", " G", " T"};
  return scaled(n, 1000, units);
}

std::string duration_text(double seconds) {
  if (seconds < 10) return fixed(seconds, 1) + " s";
  const auto whole = static_cast<unsigned long>(seconds + 0.5);
  std::array<char, 64> buffer{};
  if (whole < 3600) {
    std::snprintf(buffer.data(), buffer.size(), "%lu:%02lu", whole / 60, whole % 60);
  } else {
    std::snprintf(buffer.data(), buffer.size(), "%lu:%02lu:%02lu", whole / 3600, whole / 60 % 60,
                  whole % 60);
  }
  return buffer.data();
}

std::string shape_text(std::span<const std::size_t> shape) {
  std::string all = "[";
  for (const std::size_t n : shape) {
    if (all.size() > 1) all += ", ";
    all += std::to_string(n);
  }
  return all + "]";
}

std::string shape_text(Shape s) {
  const std::string channels = std::to_string(s.channels);
  if (s.height == 1 && s.width == 1) return channels;
  return channels + "x" + std::to_string(s.height) + "x" + std::to_string(s.width);
}

std::string printable(std::string_view text) {
  constexpr std::size_t longest = 200;
  std::string all(text.substr(0, longest));
  for (char& c : all) {
    if (static_cast<unsigned char>(c) < ' ' || c == 127) c = '?';
  }
  return text.size() > longest ? all + ".." : all;
}

std::string padded_left(const std::string& s, std::size_t width) {
  return s.size() < width ? std::string(width - s.size(), ' ') + s : s;
}

std::string padded_right(const std::string& s, std::size_t width) {
  return s.size() < width ? s + std::string(width - s.size(), ' ') : s;
}

}  // namespace etch::host
