// A checksum over the content of a file of tensors.
#include "weights/checksum.hpp"

#include <etch/host/format.hpp>

#include <zlib.h>

#include <bit>

namespace etch::host {

static_assert(std::endian::native == std::endian::little, "words are little-endian");

void Checksum::add_bytes(const void* bytes, std::size_t count) {
  if (count == 0) return;  // of a null pointer zlib would begin anew
  sum_ = static_cast<std::uint32_t>(crc32_z(sum_, static_cast<const Bytef*>(bytes), count));
}

void Checksum::add_text(std::string_view text) {
  add_word(text.size());
  add_bytes(text.data(), text.size());
}

void Checksum::add(const std::map<std::string, std::string>& metadata) {
  add_word(metadata.size() - metadata.count(checksum_key));
  for (const auto& [key, value] : metadata) {
    if (key == checksum_key) continue;
    add_text(key);
    add_text(value);
  }
}

void Checksum::add(std::string_view name, std::string_view dtype,
                   std::span<const std::size_t> shape, std::span<const std::byte> bytes) {
  add_text(name);
  add_text(dtype);
  add_word(shape.size());
  for (const std::size_t n : shape) add_word(n);
  add_bytes(bytes.data(), bytes.size());
}

std::string Checksum::text() const { return hexadecimal(sum_, 8); }

}  // namespace etch::host
