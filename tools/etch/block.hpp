// An array on the heap that begins on a cache line.
#pragma once
#include <etch/plan.hpp>

#include <memory>
#include <new>
#include <span>

namespace etch::host {

// Not set, unless by `zeros`.
template <class T>
class Block {
 public:
  explicit Block(std::size_t size)
      : data_(static_cast<T*>(::operator new(size * sizeof(T), alignment))), size_(size) {}
  static Block zeros(std::size_t size) {
    Block b(size);
    for (T& x : b.span()) x = T{};
    return b;
  }

  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }
  std::size_t size() const { return size_; }
  std::span<T> span() { return {data(), size_}; }
  std::span<const T> span() const { return {data(), size_}; }

 private:
  static constexpr std::align_val_t alignment{buffer_alignment};
  struct Free {
    void operator()(T* p) const { ::operator delete(p, alignment); }
  };
  std::unique_ptr<T, Free> data_;
  std::size_t size_;
};

}  // namespace etch::host
