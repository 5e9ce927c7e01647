// Files: reading one without a copy, and replacing one so that a crash leaves the old or the new.
#pragma once
#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>

namespace etch::host {

// A file's bytes, mapped read-only. Throws an Error where it can't be read.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  MappedFile(MappedFile&& other) noexcept;

  std::span<const std::byte> bytes() const { return {data_, size_}; }

 private:
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

// Writes to a temporary file beside `path`; commit() syncs it, renames it over `path` and syncs
// the folder. Without commit() nothing stays. Throws an Error where anything fails.
class FileReplacement {
 public:
  explicit FileReplacement(const std::filesystem::path& path);
  ~FileReplacement();
  FileReplacement(const FileReplacement&) = delete;
  FileReplacement& operator=(const FileReplacement&) = delete;

  void write(std::span<const std::byte> bytes);
  void commit();

 private:
  [[noreturn]] void fail(const char* what) const;

  std::filesystem::path path_, temporary_;
  int file_ = -1;
};

// Makes a folder, and those that it is in, where it isn't there. Throws an Error where it can't be.
void make_folder(const std::filesystem::path& folder);

// Replaces `path` by a file with this text.
void replace_file(const std::filesystem::path& path, std::string_view text);

}  // namespace etch::host
