// Files: reading one whole, keeping one to oneself, and replacing one so that a crash leaves the
// old or the new.
#pragma once
#include <etch/host/block.hpp>

#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>
#include <utility>

namespace etch::host {

// A file descriptor that is closed when it goes.
class Descriptor {
 public:
  // Takes the descriptor over; -1: none.
  explicit Descriptor(int number) : number_(number) {}
  // Closes it.
  ~Descriptor();
  // Leaves none in `other`.
  Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
  // Exchanges both.
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }

  // As open() returned it.
  int number() const { return number_; }
  // Whether there is one.
  bool opened() const { return number_ >= 0; }
  // From here on it is the caller's to close.
  int release();

 private:
  int number_;
};

// Opens a file to read. Throws an Error where that can't be done, or where it isn't a regular
// file: a pipe without a writer would be waited for.
Descriptor open_to_read(const std::filesystem::path& path);

// A file's bytes, read at once: what others do to the file later changes nothing. Throws an Error
// where it can't be read.
class FileBytes {
 public:
  // Reads them.
  explicit FileBytes(const std::filesystem::path& path);
  // All of them, as long as this lives.
  std::span<const std::byte> bytes() const { return bytes_.span(); }

 private:
  FileBytes(const std::filesystem::path& path, const Descriptor& file);
  Block<std::byte> bytes_;
};

// Where a path leads if its last part is a link, or a link to a link, even to nothing.
std::filesystem::path followed(const std::filesystem::path& path);

// Keeps a file to one process until it goes, or the process ends in whatever way. Others that come
// to it by the same folder are kept out, also from other containers. Throws an Error where another
// process has it.
class FileLock {
 public:
  // Takes the file, which may not exist yet; doesn't wait.
  explicit FileLock(const std::filesystem::path& path);
  // Gives it back.
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  bool acquire(const std::filesystem::path& path);

  std::filesystem::path lock_;  // an empty file beside it
  Descriptor file_{-1};
};

// Throws an Error where another FileLock has it, by which a run keeps its checkpoint.
void check_unlocked(const std::filesystem::path& path);

// Writes to a temporary file beside `path`; commit() syncs it, renames it over `path` and syncs
// the folder. The new file has the mode of the old one and, where that is allowed, its owner.
// Without commit() nothing stays, and what a killed process left there is removed by the next.
// Throws an Error where anything fails, before anything is written if `path` can't be replaced.
class FileReplacement {
 public:
  // Creates the temporary file.
  explicit FileReplacement(const std::filesystem::path& path);
  // Removes it, unless it was committed.
  ~FileReplacement();
  FileReplacement(const FileReplacement&) = delete;
  FileReplacement& operator=(const FileReplacement&) = delete;

  // Appends.
  void write(std::span<const std::byte> bytes);
  // Once, at the end.
  void commit();

 private:
  [[noreturn]] void fail(const char* what) const;
  void open_temporary(unsigned mode);

  std::filesystem::path path_, temporary_;
  Descriptor file_{-1};
};

// Makes a folder, and those that it is in, where it isn't there. Throws an Error where it can't be.
void make_folder(const std::filesystem::path& folder);

// Replaces `path` by a file with this text.
void replace_file(const std::filesystem::path& path, std::string_view text);

}  // namespace etch::host
