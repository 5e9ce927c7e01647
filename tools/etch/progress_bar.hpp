// How far something is, on stderr: a bar that is redrawn on a terminal, a line at times elsewhere.
#pragma once
#include <chrono>
#include <cstddef>
#include <string>

namespace etch::host {

class ProgressBar {
 public:
  // `total` images, of which `done` were made before. Not shown: nothing is written at all.
  ProgressBar(std::string label, std::size_t total, std::size_t done, bool shown);
  ~ProgressBar() { erase(); }
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  // `note` stands at the end: "loss 0.123".
  void update(std::size_t done, const std::string& note);
  // Takes the bar off the terminal, so that a line can be printed.
  void erase();

 private:
  using Clock = std::chrono::steady_clock;
  std::string line(std::size_t done, const std::string& note) const;
  std::string bar(std::size_t done, std::size_t width) const;

  std::string label_;
  std::size_t total_, first_;
  bool shown_, terminal_, drawn_ = false;
  Clock::time_point start_, last_;
};

}  // namespace etch::host
