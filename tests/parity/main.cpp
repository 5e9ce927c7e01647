// Catch2's main with a fresh seed for the cases drawn by lot (../drawn.hpp) and --replay FILE.
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#include <iostream>
#include <random>

#include "../drawn.hpp"
#include "replay.hpp"

int main(int argc, char** argv) {
  Catch::Session session;
  session.configData().rngSeed = std::random_device{}();
  std::string replay;
  session.cli(
      session.cli() |
      Catch::clara::Opt(replay, "file")["--replay"]("run a failed case again from its file") |
      Catch::clara::Opt(drawn::times,
                        "n")["--times"]("draw so many times more cases with the fresh seed"));
  if (const int error = session.applyCommandLine(argc, argv); error != 0) return error;
  if (!replay.empty()) {
    try {
      std::cout << "replaying: " << parity::read_replay(replay) << '\n';
    } catch (const std::exception& e) {
      std::cerr << e.what() << '\n';
      return 2;
    }
  }
  return session.run();
}
