// An array of NumPy as its file has it.
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html Debian has no library that
// reads it, and cnpy trusts what headers say.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace etch::host {

struct NpyArray {
  std::string name;                // for errors
  std::vector<std::size_t> sizes;  // in C order; none: one number
  char kind = 'f';                 // 'f' float, 'i' signed, 'u' unsigned, 'b' bool
  std::size_t item = 4;            // bytes of a number: 1 to 8
  std::span<const std::byte> data{};

  std::size_t count() const { return data.size() / item; }
  // The number at an index in C order.
  double number(std::size_t index) const;
};

// The array in a file's bytes, which must outlive it. Throws an Error that begins with `name` where
// they aren't format 1 to 3 of NPY, or hold anything but little-endian numbers and bools in C
// order.
NpyArray parse_npy(std::span<const std::byte> file, const std::string& name);

}  // namespace etch::host
