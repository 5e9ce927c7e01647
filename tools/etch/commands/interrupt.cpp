// Ctrl-C and kill as a flag to be asked.
#include "commands/interrupt.hpp"

#include <csignal>
#include <initializer_list>

namespace etch::host {

static volatile std::sig_atomic_t caught = 0;

static void act_on_signals(void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (const int s : {SIGINT, SIGTERM}) sigaction(s, &action, nullptr);
}

Interrupt::Interrupt() {
  act_on_signals([](int s) { caught = s; });
}
Interrupt::~Interrupt() { act_on_signals(SIG_DFL); }
int Interrupt::signal() { return caught; }

}  // namespace etch::host
