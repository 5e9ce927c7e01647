// What a process is given by who starts it: standard streams, limits of stack and threads.
#include "surroundings.hpp"

#include "commands.hpp"

#include <etch/host/error.hpp>
#include <etch/host/format.hpp>

#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <semaphore>
#include <vector>

namespace etch::host {

// Else the next file that is opened would be stdout, and take its text. Writing to these fails.
static void occupy_closed_streams() {
  for (int stream = 0; stream <= STDERR_FILENO; ++stream) {
    if (::fcntl(stream, F_GETFD) < 0) ::open("/dev/null", O_RDONLY);
  }
}

// An exception that nobody catches, in a thread of oneTBB for example.
[[noreturn]] static void end() {
  try {
    if (const std::exception_ptr e = std::current_exception()) std::rethrow_exception(e);
    std::cerr << "etch: ended by an error in etch itself" << std::endl;
  } catch (const std::exception& e) {
    std::cerr << "etch: " << sentence(e) << std::endl;
  }
  std::_Exit(1);
}

// Training took 132 KiB; import goes as many levels deep as files may.
static constexpr rlim_t least_stack = 512 << 10;

void check_surroundings() {
  occupy_closed_streams();
  std::set_terminate(end);
  std::signal(SIGXFSZ, SIG_IGN);  // `ulimit -f`: a write that fails says so
  rlimit stack{};
  if (::getrlimit(RLIMIT_STACK, &stack) != 0 || stack.rlim_cur >= least_stack) return;
  throw Error("the stack is limited to ", bytes_text(stack.rlim_cur), ", but ",
              bytes_text(least_stack), " are needed: see `ulimit -s`");
}

namespace {

// Threads that wait, with stacks as large as oneTBB's.
class WaitingThreads {
 public:
  ~WaitingThreads() {
    go_.release(static_cast<std::ptrdiff_t>(threads_.size()));
    for (const pthread_t t : threads_) pthread_join(t, nullptr);
  }

  bool add() {
    constexpr std::size_t stack = 4 << 20;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, stack);
    pthread_t thread{};
    const auto wait = [](void* go) -> void* {
      static_cast<std::counting_semaphore<>*>(go)->acquire();
      return nullptr;
    };
    const bool made = pthread_create(&thread, &attributes, wait, &go_) == 0;
    pthread_attr_destroy(&attributes);
    if (made) threads_.push_back(thread);
    return made;
  }

 private:
  std::counting_semaphore<> go_{0};
  std::vector<pthread_t> threads_;
};

}  // namespace

void check_threads_can_be_made(std::size_t threads) {
  WaitingThreads others;
  for (std::size_t made = 1; made < threads; ++made) {
    if (others.add()) continue;
    throw Error("--threads ", threads, ": the system makes no more than ", made,
                made == 1 ? " thread" : " threads", " (see `ulimit -u` and `ulimit -v`)");
  }
}

int written(int status) {
  std::cout.flush();
  if (std::cout.good()) return status;
  std::cerr << "etch: not all of the output could be written: a full disk, or nobody who reads it"
            << std::endl;
  return status == 0 ? 1 : status;
}

}  // namespace etch::host
