// The etch command as a user runs it. ETCH_COMMAND in the environment is its path.
#pragma once
#include "host/idx_files.hpp"
#include "process.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <fstream>
#include <iterator>

namespace etch::host {

using Words = std::vector<std::string>;

inline Words operator+(Words a, const Words& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

inline const char* command() { return std::getenv("ETCH_COMMAND"); }

// True, with a message, where there is no command to be tested.
inline bool skipped() {
  if (command() == nullptr) WARN("skipped: ETCH_COMMAND isn't set");
  return command() == nullptr;
}

inline Outcome etch_run(const Words& arguments) {
  return run_program(Words{command()} + arguments, ".");
}

// The same by a shell: `script` has "$@" for the command and these arguments.
inline Outcome shell_run(const std::string& script, const Words& arguments) {
  return run_program(Words{"sh", "-c", script, "sh", command()} + arguments, ".");
}

// A folder with synthetic digits, and room for checkpoints.
struct Place {
  Place() {
    write_part(folder.path(), Part::train, bars(400, 1));
    write_part(folder.path(), Part::test, bars(50, 2));
  }
  std::string file(const char* name) const { return folder.path() / name; }
  Words train(const char* checkpoint, const char* epochs = "1000") const {
    return {"train",    "lenet", "--data",  folder.path(),  "--batch",       "16", "--lr", "0.002",
            "--epochs", epochs,  "--quiet", "--checkpoint", file(checkpoint)};
  }
  // Files in it, with those of the data.
  std::size_t count() const {
    return static_cast<std::size_t>(std::distance(
        std::filesystem::directory_iterator(folder.path()), std::filesystem::directory_iterator()));
  }

  TemporaryFolder folder;
};

inline std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace etch::host
