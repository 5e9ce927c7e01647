// What kernel tests share: outputs between guards and off alignment, every SIMD target in turn.
#pragma once
#include <hwy/targets.h>
#include <etch/random.hpp>

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <vector>

#include "pages.hpp"

namespace guarded {

// Floats that end at a page that can't be read, or begin behind one; the rest of their own pages is
// marked. So whoever reads or writes beyond them dies at one end, and is found at the other.
class Guarded {
 public:
  Guarded(std::size_t size, float value) : size_(size), pages_(size * sizeof(float)) {
    values_ = reinterpret_cast<float*>(pages_.at(pages_.next_side()));
    std::fill_n(values_, size, value);
  }
  Guarded(const Guarded& from) : Guarded(from.size_, 0) {
    std::copy_n(from.values_, size_, values_);
  }
  Guarded(Guarded&&) = default;
  Guarded& operator=(Guarded&&) = default;
  float* data() { return values_; }
  const float* data() const { return values_; }
  std::size_t size() const { return size_; }
  float operator[](std::size_t i) const { return values_[i]; }
  bool intact() const { return pages_.intact(values_); }

 private:
  std::size_t size_;
  Pages pages_;
  float* values_;
};

inline constexpr float poison = std::numeric_limits<float>::quiet_NaN();

inline Guarded random_values(std::size_t size, etch::Generator& random) {
  Guarded values(size, 0);
  for (std::size_t i = 0; i < size; ++i) values.data()[i] = random.uniform();
  return values;
}

// Each number within 1e-6 + 1e-5 * |want|, and nothing behind the end.
inline void check_close(const Guarded& got, const std::vector<double>& want) {
  REQUIRE(got.intact());
  for (std::size_t i = 0; i < want.size(); ++i) {
    if (!(std::abs(got[i] - want[i]) <= 1e-6 + 1e-5 * std::abs(want[i]))) {
      FAIL("at " << i << " of " << want.size() << ": " << got[i] << " instead of " << want[i]);
    }
  }
}

inline bool same_bits(const Guarded& a, const Guarded& b) {
  return std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

#if defined(HWY_COMPILE_ONLY_STATIC)
// A cross build has one target.
inline void for_each_target(const std::function<void()>& body) { body(); }
#else
inline void for_each_target(const std::function<void()>& body) {
  for (const auto target : hwy::SupportedAndGeneratedTargets()) {
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    INFO("target " << hwy::TargetName(target));
    body();
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}
#endif

}  // namespace guarded
