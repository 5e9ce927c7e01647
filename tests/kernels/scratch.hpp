// Working memory for a kernel under test.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace guarded {

// Scratch of exactly the planned size, poisoned, with a guard behind it.
class Scratch {
 public:
  explicit Scratch(std::size_t bytes) : bytes_(bytes), storage_(bytes + 192, std::byte{0xff}) {}
  std::byte* data() {
    const auto at = reinterpret_cast<std::uintptr_t>(storage_.data());
    return storage_.data() + (64 - at % 64) % 64;
  }
  bool intact() {
    for (std::size_t i = 0; i < 64; ++i) {
      if (data()[bytes_ + i] != std::byte{0xff}) return false;
    }
    return true;
  }

 private:
  std::size_t bytes_;
  std::vector<std::byte> storage_;
};

}  // namespace guarded
