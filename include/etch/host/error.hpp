// What goes wrong outside the program: files, options, data. The message is a sentence for the
// user; it names the file, tensor or option and what was expected.
#pragma once
#include <etch/compiler.hpp>

#include <sstream>
#include <stdexcept>
#include <string>

namespace etch::host {

// The parts, one after the other, as operator<< writes them.
template <class... Parts>
std::string text(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return std::move(out).str();
}

// A sentence about files, options or data. Thrown by the host library; beside it only what the
// standard library throws, as std::bad_alloc.
struct Error : std::runtime_error {
  // text(parts...) is what().
  template <class... Parts>
  explicit Error(const Parts&... parts) : std::runtime_error(text(parts...)) {}
};

}  // namespace etch::host
