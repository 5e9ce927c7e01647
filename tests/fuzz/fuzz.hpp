// What every fuzzing target has. A target is one file: it reads a given input as a stranger's file,
// and makes its own seeds. Only etch::host::Error may come out of a reader; anything else that is
// thrown, and all that the sanitizers see, is a find.
#pragma once
#include <etch/host/error.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace etch::fuzz {

// Defined by each target.
void read(std::span<const std::byte> input);
std::vector<std::string> seeds();

// A file with the input in it, in memory; the same path for every input.
class InputFile {
 public:
  InputFile();
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  void write(std::span<const std::byte> input) const;
  const std::filesystem::path& path() const { return path_; }

 private:
  int file_;
  std::filesystem::path path_;
};

// Whether `read` took it: an Error says that it didn't.
template <class Read>
bool accepted(const Read& read) {
  try {
    read();
    return true;
  } catch (const host::Error&) {
    return false;
  }
}

}  // namespace etch::fuzz
