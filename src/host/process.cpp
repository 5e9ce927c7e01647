// Other programs, run without a shell.
#include "process.hpp"

#include <etch/host/error.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

namespace etch::host {

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "etch-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    throw Error(name, ": can't be made: ", std::strerror(errno));
  }
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

static std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string shell_word(const std::string& path) {
  static constexpr const char* plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
  const std::string word = path.starts_with('-') ? "./" + path : path;
  if (!word.empty() && word.find_first_not_of(plain) == word.npos) return word;
  std::string quoted = "'";
  for (const char c : word) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

// In the child: never returns.
[[noreturn]] static void become(char* const* arguments, const char* folder, const char* output,
                                const char* errors) {
  const bool ready = ::chdir(folder) == 0 && std::freopen(output, "w", stdout) != nullptr &&
                     std::freopen(errors, "w", stderr) != nullptr &&
                     std::freopen("/dev/null", "r", stdin) != nullptr;
  if (ready) ::execvp(arguments[0], arguments);
  ::_exit(127);
}

Outcome run_program(const std::vector<std::string>& command, const std::filesystem::path& folder) {
  const TemporaryFolder texts;
  const std::string output = texts.path() / "output", errors = texts.path() / "errors";
  std::vector<char*> arguments;
  for (const std::string& s : command) arguments.push_back(const_cast<char*>(s.c_str()));
  arguments.push_back(nullptr);
  const pid_t child = ::fork();
  if (child < 0) throw Error(command[0], ": can't be run: ", std::strerror(errno));
  if (child == 0) become(arguments.data(), folder.c_str(), output.c_str(), errors.c_str());
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), contents(output),
          contents(errors)};
}

}  // namespace etch::host
