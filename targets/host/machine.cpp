// What the programs ask of their machine, on Linux.
#include "../programs/machine.hpp"

#include <cstdio>

namespace machine {

void write(const char* text) { std::fputs(text, stdout); }

bool read_file(const char* path, std::size_t offset, void* to, std::size_t bytes) {
  std::FILE* file = std::fopen(path, "rb");
  if (file == nullptr) return false;
  const bool done = std::fseek(file, static_cast<long>(offset), SEEK_SET) == 0 &&
                    std::fread(to, 1, bytes, file) == bytes;
  std::fclose(file);
  return done;
}

std::uint64_t instructions() { return 0; }
std::size_t stack_used() { return 0; }

}  // namespace machine
