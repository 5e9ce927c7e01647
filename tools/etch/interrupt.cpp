// Ctrl-C, kill and their like as a flag to be asked.
#include "interrupt.hpp"

namespace etch::host {

static volatile std::sig_atomic_t caught = 0;

static void act_on(int signal) {
  struct sigaction action {};
  action.sa_handler = [](int s) { caught = s; };
  // What is printed at a stop goes to the same closed pipe.
  action.sa_flags = SA_RESTART | (signal == SIGPIPE ? 0 : static_cast<int>(SA_RESETHAND));
  sigemptyset(&action.sa_mask);
  sigaction(signal, &action, nullptr);
}

Interrupt::Interrupt() {
  for (std::size_t i = 0; i < signals.size(); ++i) {
    sigaction(signals[i], nullptr, &before_[i]);
    if (before_[i].sa_handler != SIG_IGN) act_on(signals[i]);
  }
}

Interrupt::~Interrupt() {
  for (std::size_t i = 0; i < signals.size(); ++i) sigaction(signals[i], &before_[i], nullptr);
}

int Interrupt::signal() { return caught; }

}  // namespace etch::host
