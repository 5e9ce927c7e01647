// Ctrl-C and kill as a flag to be asked, so that a run can end between two steps.
#pragma once

namespace etch::host {

// While it lives, the first SIGINT or SIGTERM only sets a flag; the second one kills.
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
};

}  // namespace etch::host
