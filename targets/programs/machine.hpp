// What a program asks of the machine it runs on: targets/cortex-m/machine.cpp under an emulator or
// a debugger, targets/host/machine.cpp on Linux.
#pragma once
#include <cstddef>
#include <cstdint>

namespace machine {

void write(const char* text);
// Reads `bytes` bytes of a file from `offset` on; false where it can't.
bool read_file(const char* path, std::size_t offset, void* to, std::size_t bytes);
// Executed since the first call; 0 where nobody counts.
std::uint64_t instructions();
// Bytes of the stack that were ever in use; 0 where nobody looks.
std::size_t stack_used();

}  // namespace machine
