// Memory between two pages that can't be read.
#pragma once
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace guarded {

class Pages {
 public:
  enum class Side { begin, end };

  explicit Pages(std::size_t bytes) : bytes_(bytes) {
    const std::size_t page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    room_ = std::max((bytes + page - 1) / page, std::size_t{1}) * page;
    mapped_ = room_ + 2 * page;
    void* at = mmap(nullptr, mapped_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) throw std::bad_alloc();
    map_ = static_cast<std::byte*>(at);
    room_at_ = map_ + page;
    if (mprotect(room_at_, room_, PROT_READ | PROT_WRITE) != 0) throw std::bad_alloc();
    std::fill_n(room_at_, room_, mark);
  }
  Pages(Pages&& from) noexcept { swap(from); }
  Pages& operator=(Pages&& from) noexcept {
    swap(from);
    return *this;
  }
  ~Pages() {
    if (map_ == nullptr) return;
    unpoison();
    munmap(map_, mapped_);
  }

  // Where the bytes begin: against the page before, or such that they end `aligned` bytes or less
  // before the one behind.
  std::byte* at(Side side, std::size_t aligned = alignof(float)) {
    const std::size_t taken = (bytes_ + aligned - 1) / aligned * aligned;
    std::byte* from = side == Side::begin ? room_at_ : room_at_ + (room_ - taken);
#if defined(__SANITIZE_ADDRESS__)
    ASAN_POISON_MEMORY_REGION(room_at_, static_cast<std::size_t>(from - room_at_));
    ASAN_POISON_MEMORY_REGION(from + bytes_,
                              room_ - bytes_ - static_cast<std::size_t>(from - room_at_));
#endif
    return from;
  }
  // One or the other, without a pattern.
  static Side next_side() {
    static std::uint32_t drawn = 0;
    return ++drawn * 2654435769u >> 31 ? Side::begin : Side::end;
  }

  // Nothing outside was written. (The sanitizer finds that by itself.)
  bool intact([[maybe_unused]] const void* begin) const {
#if defined(__SANITIZE_ADDRESS__)
    return true;
#else
    const auto marked = [](const std::byte* from, const std::byte* to) {
      return std::all_of(from, to, [](std::byte b) { return b == mark; });
    };
    const auto* from = static_cast<const std::byte*>(begin);
    return marked(room_at_, from) && marked(from + bytes_, room_at_ + room_);
#endif
  }

 private:
  static constexpr std::byte mark{0xff};  // NaN, as a float

  void unpoison() {
#if defined(__SANITIZE_ADDRESS__)
    ASAN_UNPOISON_MEMORY_REGION(room_at_, room_);
#endif
  }
  void swap(Pages& other) {
    std::swap(bytes_, other.bytes_);
    std::swap(room_, other.room_);
    std::swap(mapped_, other.mapped_);
    std::swap(map_, other.map_);
    std::swap(room_at_, other.room_at_);
  }

  std::size_t bytes_ = 0, room_ = 0, mapped_ = 0;
  std::byte *map_ = nullptr, *room_at_ = nullptr;
};

}  // namespace guarded
