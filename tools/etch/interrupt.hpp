// Ctrl-C, kill and their like as a flag to be asked, so that a run can end between two steps.
#pragma once
#include <array>
#include <csignal>

namespace etch::host {

// While it lives, a signal that asks a process to end only sets a flag: Ctrl-C, kill, a terminal or
// a reader of the output that went away, a limit of time. The second of the same kind kills, but
// for the reader's. Signals that are ignored (nohup) stay so.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  // The signal that came, or 0.
  static int signal();
  // What a shell calls a process that ended by it: 130 for Ctrl-C.
  static int exit_status() { return 128 + signal(); }

 private:
  static constexpr std::array signals{SIGINT, SIGTERM, SIGHUP, SIGXCPU, SIGPIPE};
  std::array<struct sigaction, signals.size()> before_{};
};

}  // namespace etch::host
