// libFuzzer's entry points (https://llvm.org/docs/LibFuzzer.html), and the seeds:
// `TARGET --seeds=FOLDER` writes them.
#include "fuzz.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string_view>

namespace etch::fuzz {

InputFile::InputFile() : file_(::memfd_create("input", 0)) {
  if (file_ < 0) std::abort();
  path_ = "/proc/self/fd/" + std::to_string(file_);
}

InputFile::~InputFile() { ::close(file_); }

void InputFile::write(std::span<const std::byte> input) const {
  const auto size = static_cast<off_t>(input.size());
  if (::ftruncate(file_, 0) != 0 || ::ftruncate(file_, size) != 0 ||
      ::pwrite(file_, input.data(), input.size(), 0) != static_cast<ssize_t>(input.size())) {
    std::abort();
  }
}

static void write_seeds(const std::filesystem::path& folder) {
  int number = 0;
  for (const std::string& seed : seeds()) {
    std::ofstream file(folder / std::to_string(number++), std::ios::binary);
    if (!(file << seed).flush()) std::exit(1);
  }
  std::exit(number > 0 ? 0 : 1);
}

}  // namespace etch::fuzz

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  static constexpr std::string_view option = "--seeds=";
  for (int i = 1; i < *argc; ++i) {
    const std::string_view given = (*argv)[i];
    if (given.starts_with(option)) etch::fuzz::write_seeds(given.substr(option.size()));
  }
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  etch::fuzz::read(std::as_bytes(std::span(data, size)));
  return 0;
}
