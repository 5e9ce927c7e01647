// Working memory for a kernel under test.
#pragma once
#include <cstddef>

#include "pages.hpp"

namespace guarded {

// Scratch of exactly the planned size, poisoned, with a page behind it that can't be read.
class Scratch {
 public:
  explicit Scratch(std::size_t bytes) : pages_(bytes), at_(pages_.at(Pages::Side::end, 64)) {}
  std::byte* data() { return at_; }
  bool intact() { return pages_.intact(at_); }

 private:
  Pages pages_;
  std::byte* at_;
};

}  // namespace guarded
