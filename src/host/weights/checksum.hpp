// A checksum over the content of a file of tensors: names, types, shapes and numbers, and metadata.
// It is CRC-32 (zlib's), which finds every flipped bit, every two of them up to 512 MB apart and
// every burst of up to 32, and misses one in 4e9 of larger damages. It is against accidents: who
// means to forge a file can. The bytes' order in the file doesn't matter, so that a tool which
// writes the same content anew needn't know of it.
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace etch::host {

inline constexpr const char* checksum_key = "etch.checksum";

// The sum over these parts, in this order:
//   the metadata but the checksum, by key   word(entries), then of each text(key), text(value)
//   each tensor, by name                    text(name), text(dtype), word(rank), word(size)..,
//   bytes
// where word is 8 bytes, little-endian, and text(t) is word(t's length), t.
class Checksum {
 public:
  void add(const std::map<std::string, std::string>& metadata);
  void add(std::string_view name, std::string_view dtype, std::span<const std::size_t> shape,
           std::span<const std::byte> bytes);

  // 8 hexadecimal digits.
  std::string text() const;

 private:
  void add_bytes(const void* bytes, std::size_t count);
  void add_word(std::uint64_t word) { add_bytes(&word, sizeof word); }
  void add_text(std::string_view text);

  std::uint32_t sum_ = 0;
};

}  // namespace etch::host
