// Other programs, run without a shell.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace etch::host {

struct Outcome {
  int status = 0;      // of the program; 127: there is no such program
  std::string output;  // what it wrote to stdout
  std::string errors;  // and to stderr
};

// Runs `command` (looked up in PATH) in `folder` and waits for it.
Outcome run_program(const std::vector<std::string>& command, const std::filesystem::path& folder);

// A path as a shell takes it for one word, and a command not for an option: quoted where it has to
// be.
std::string shell_word(const std::string& path);

// A folder of its own under the system's temporary folder, removed with all in it at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace etch::host
