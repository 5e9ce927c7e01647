// How far something is, on stderr.
#include "progress_bar.hpp"

#include <etch/host/format.hpp>

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>

namespace etch::host {

static constexpr auto redraw_every = std::chrono::milliseconds(100);
static constexpr auto print_every = std::chrono::seconds(10);

static std::size_t terminal_width() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

ProgressBar::ProgressBar(std::string label, std::size_t total, std::size_t done, bool shown)
    : label_(std::move(label)),
      total_(total),
      first_(done),
      shown_(shown),
      terminal_(::isatty(STDERR_FILENO) == 1),
      start_(Clock::now()),
      last_(start_) {}

std::string ProgressBar::bar(std::size_t done, std::size_t width) const {
  const std::size_t full = total_ == 0 ? width : width * done / total_;
  return " [" + std::string(full, '=') + std::string(width - full, ' ') + "]";
}

std::string ProgressBar::line(std::size_t done, const std::string& note) const {
  const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
  const double rate = seconds > 0 ? static_cast<double>(done - first_) / seconds : 0;
  std::string tail = padded_left(std::to_string(total_ == 0 ? 100 : 100 * done / total_), 4) + " %";
  if (rate > 0) {
    tail +=
        padded_left(rate < 100 ? fixed(rate, 1) : grouped(static_cast<std::uint64_t>(rate)), 8) +
        " images/s  " + padded_left(duration_text(static_cast<double>(total_ - done) / rate), 7) +
        " left";
  }
  if (!note.empty()) tail += "  " + note;
  if (!terminal_) return label_ + tail;
  const std::size_t width = terminal_width(), used = label_.size() + tail.size() + 4;
  const std::string drawn =
      used + 8 > width ? "" : bar(done, std::min<std::size_t>(width - used, 40));
  return (label_ + drawn + tail).substr(0, width - 1);
}

void ProgressBar::update(std::size_t done, const std::string& note) {
  const auto now = Clock::now();
  if (!shown_) return;
  if (terminal_ ? drawn_ && now - last_ < redraw_every : now - last_ < print_every) return;
  last_ = now;
  drawn_ = true;
  const std::string text = line(done, note);
  std::cerr << (terminal_ ? "\r" + text + "\x1b[K" : text + "\n") << std::flush;
}

void ProgressBar::erase() {
  if (terminal_ && drawn_) std::cerr << "\r\x1b[K" << std::flush;
  drawn_ = false;
}

}  // namespace etch::host
