// What kernel tests share: outputs between guards and off alignment, every SIMD target in turn.
#pragma once
#include <hwy/targets.h>
#include <etch/random.hpp>

#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

namespace guarded {

// Floats with a guard behind them, one float off alignment.
class Guarded {
 public:
  explicit Guarded(std::size_t size, float value) : values_(size + 1 + guard, value), size_(size) {
    for (std::size_t i = 0; i < guard; ++i) values_[1 + size + i] = mark;
  }
  float* data() { return values_.data() + 1; }
  std::size_t size() const { return size_; }
  float operator[](std::size_t i) const { return values_[i + 1]; }
  bool intact() const {
    for (std::size_t i = 0; i < guard; ++i) {
      if (values_[1 + size_ + i] != mark) return false;
    }
    return true;
  }

 private:
  static constexpr std::size_t guard = 64;
  static constexpr float mark = 12345.0f;
  std::vector<float> values_;
  std::size_t size_;
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
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] != b[i]) return false;
  }
  return true;
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
