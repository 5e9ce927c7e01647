// Arm semihosting by the instruction that A- and M-profile cores reserve for it.
#include "semihosting.hpp"

#include <cstdint>
#include <cstring>

namespace semihosting {

enum : std::uint32_t {
  sys_open = 0x01,
  sys_close = 0x02,
  sys_write0 = 0x04,
  sys_read = 0x06,
  sys_seek = 0x0a,
  sys_exit_extended = 0x20,
};

static std::uint32_t call(std::uint32_t operation, const void* argument) {
  register std::uint32_t r0 __asm__("r0") = operation;
  register const void* r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

void write(const char* text) { call(sys_write0, text); }

void exit(int status) {
  constexpr std::uint32_t application_exit = 0x20026;
  const std::uint32_t block[] = {application_exit, static_cast<std::uint32_t>(status)};
  for (;;) call(sys_exit_extended, block);
}

bool read(const char* path, std::size_t offset, void* to, std::size_t bytes) {
  constexpr std::uint32_t read_binary = 1;
  const std::uint32_t name[] = {reinterpret_cast<std::uint32_t>(path), read_binary,
                                static_cast<std::uint32_t>(std::strlen(path))};
  const std::uint32_t file = call(sys_open, name);
  if (file == UINT32_MAX) return false;
  const std::uint32_t seek[] = {file, static_cast<std::uint32_t>(offset)};
  const std::uint32_t block[] = {file, reinterpret_cast<std::uint32_t>(to),
                                 static_cast<std::uint32_t>(bytes)};
  // SYS_READ returns how many bytes are missing.
  const bool done = call(sys_seek, seek) == 0 && call(sys_read, block) == 0;
  call(sys_close, &file);
  return done;
}

}  // namespace semihosting
