// An array on the heap that begins on a cache line.
#pragma once
#include <etch/host/error.hpp>
#include <etch/host/format.hpp>
#include <etch/plan.hpp>

#include <limits>
#include <memory>
#include <new>
#include <span>

namespace etch::host {

// `size` objects of T, which has no destructor worth calling. Can be moved, not copied.
template <class T>
class Block {
 public:
  // Not set. Throws an Error that says how much was asked for where there is no memory for it.
  explicit Block(std::size_t size) : data_(static_cast<T*>(allocated(size))), size_(size) {}
  // The same, set to T{}.
  static Block zeros(std::size_t size) {
    Block b(size);
    for (T& x : b.span()) x = T{};
    return b;
  }

  // The first; of a const block const.
  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }
  // How many.
  std::size_t size() const { return size_; }
  // All of them.
  std::span<T> span() { return {data(), size_}; }
  std::span<const T> span() const { return {data(), size_}; }

 private:
  static void* allocated(std::size_t size) {
    const bool fits = size <= std::numeric_limits<std::size_t>::max() / sizeof(T);
    void* p = fits ? ::operator new(size * sizeof(T), alignment, std::nothrow) : nullptr;
    if (p != nullptr) return p;
    throw Error("there is not enough memory: ", bytes_text(std::uint64_t{size} * sizeof(T)),
                " were asked for at once (`etch plan` tells how much is needed)");
  }

  static constexpr std::align_val_t alignment{buffer_alignment};
  struct Free {
    void operator()(T* p) const { ::operator delete(p, alignment); }
  };
  std::unique_ptr<T, Free> data_;
  std::size_t size_;
};

}  // namespace etch::host
