// Arm semihosting: how a program without an operating system speaks with the emulator or the
// debugger it runs under. https://github.com/ARM-software/abi-aa/blob/main/semihosting
#pragma once
#include <cstddef>

namespace semihosting {

void write(const char* text);
[[noreturn]] void exit(int status);
// Reads `bytes` bytes of a file of the host from `offset` on; false where it can't.
bool read(const char* path, std::size_t offset, void* to, std::size_t bytes);

}  // namespace semihosting

// Bytes of the stack that were ever written, since it was painted at start.
std::size_t stack_used();
