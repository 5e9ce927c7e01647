// Files: reading one without a copy, and replacing one so that a crash leaves the old or the new.
#include "file.hpp"

#include "error.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace etch::host {

// Closes a descriptor when it goes.
struct Descriptor {
  int number;
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
};

MappedFile::MappedFile(const std::filesystem::path& path) {
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  struct stat status {};
  if (file.number < 0 || ::fstat(file.number, &status) != 0) {
    throw Error(path.string(), ": can't be opened: ", std::strerror(errno));
  }
  if (!S_ISREG(status.st_mode)) throw Error(path.string(), ": isn't a file");
  size_ = static_cast<std::size_t>(status.st_size);
  if (size_ == 0) return;
  void* data = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.number, 0);
  if (data == MAP_FAILED) throw Error(path.string(), ": can't be read: ", std::strerror(errno));
  data_ = static_cast<const std::byte*>(data);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

// A link stays a link: the file that it leads to is replaced.
static std::filesystem::path resolved(const std::filesystem::path& path) {
  std::error_code ignored;
  const std::filesystem::path target = std::filesystem::weakly_canonical(path, ignored);
  return target.empty() ? path : target;
}

FileReplacement::FileReplacement(const std::filesystem::path& path) : path_(resolved(path)) {
  temporary_ = path_.string() + ".part-" + std::to_string(::getpid());
  file_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file_ < 0) fail("can't be written");
}

FileReplacement::~FileReplacement() {
  if (file_ < 0) return;
  ::close(file_);
  ::unlink(temporary_.c_str());
}

void FileReplacement::fail(const char* what) const {
  throw Error(path_.string(), ": ", what, ": ", std::strerror(errno));
}

void FileReplacement::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(file_, bytes.data(), std::min(bytes.size(), std::size_t{1} << 30));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail("can't be written");
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
}

void FileReplacement::commit() {
  if (::fsync(file_) != 0) fail("can't be written to the disk");
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail("can't be replaced");
  ::close(std::exchange(file_, -1));
  const std::filesystem::path folder = path_.has_parent_path() ? path_.parent_path() : ".";
  const Descriptor directory{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  // Some file systems have no fsync of folders: the rename has happened all the same.
  if (directory.number >= 0 && ::fsync(directory.number) != 0 && errno != EINVAL) {
    fail("its folder can't be written to the disk");
  }
}

void make_folder(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw Error(folder.string(), ": can't be made a folder: ", error.message());
}

void replace_file(const std::filesystem::path& path, std::string_view text) {
  FileReplacement file(path);
  file.write(std::as_bytes(std::span(text)));
  file.commit();
}

}  // namespace etch::host
