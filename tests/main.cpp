// Catch2's main with a fresh seed for the cases drawn by lot: see drawn.hpp.
#define CATCH_CONFIG_RUNNER
#include "drawn.hpp"

#include <random>

int main(int argc, char** argv) {
  Catch::Session session;
  session.configData().rngSeed = std::random_device{}();
  session.cli(session.cli() | Catch::clara::Opt(drawn::times, "n")["--times"](
                                  "draw so many times more cases with the fresh seed"));
  if (const int error = session.applyCommandLine(argc, argv); error != 0) return error;
  return session.run();
}
