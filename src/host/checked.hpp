// Arithmetic on numbers of files, which may be anyone's: each throws an Error that begins with
// `what` instead of wrapping around or passing its limit.
#pragma once
#include <etch/host/error.hpp>

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <span>
#include <string_view>
#include <type_traits>

namespace etch::host {

// Of arrays in memory: bytes up to this many, and sums of two such counts, don't wrap around.
inline constexpr std::size_t most_bytes = std::numeric_limits<std::ptrdiff_t>::max();
inline constexpr std::size_t most_floats = most_bytes / sizeof(float);

// A size that isn't negative, and at most `most`.
template <class Integer>
std::size_t checked_size(Integer n, std::string_view what, std::size_t most = most_bytes) {
  static_assert(std::is_integral_v<Integer>);
  if (n >= 0 && static_cast<std::make_unsigned_t<Integer>>(n) <= most) {
    return static_cast<std::size_t>(n);
  }
  throw Error(what, " is ", n, ", but 0 to ", most, " is expected");
}

inline std::size_t checked_product(std::span<const std::size_t> sizes, std::string_view what,
                                   std::size_t most = most_bytes) {
  std::size_t all = 1;
  bool wraps = false;
  for (const std::size_t n : sizes) wraps |= __builtin_mul_overflow(all, n, &all);
  if (!wraps && all <= most) return all;
  throw Error(what, " is more than ", most);
}
inline std::size_t checked_product(std::initializer_list<std::size_t> sizes, std::string_view what,
                                   std::size_t most = most_bytes) {
  return checked_product(std::span(sizes.begin(), sizes.size()), what, most);
}

inline std::size_t checked_sum(std::size_t a, std::size_t b, std::string_view what,
                               std::size_t most = most_bytes) {
  std::size_t all = 0;
  if (!__builtin_add_overflow(a, b, &all) && all <= most) return all;
  throw Error(what, " is more than ", most);
}

// How deep a reader is in parts within parts. Each function that calls itself makes one more:
//   const Depth inner(depth, "MODEL.onnx: the graph");
class Depth {
 public:
  static constexpr int most = 200;

  Depth() = default;
  Depth(const Depth& outer, std::string_view what) : levels_(outer.levels_ + 1) {
    if (levels_ > most) throw Error(what, " is nested deeper than ", most, " levels");
  }

 private:
  int levels_ = 0;
};

}  // namespace etch::host
