// Files: reading one whole, keeping one to oneself, and replacing one so that a crash leaves the
// old or the new.
#include <etch/host/file.hpp>

#include <etch/host/error.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>

namespace etch::host {

namespace fs = std::filesystem;

Descriptor::~Descriptor() {
  if (opened()) ::close(number_);
}

int Descriptor::release() { return std::exchange(number_, -1); }

static struct stat status_of(int file) {
  struct stat status {};
  if (::fstat(file, &status) != 0) status = {};
  return status;
}

// Reading.

Descriptor open_to_read(const fs::path& path) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.opened()) throw Error(path.string(), ": can't be opened: ", std::strerror(errno));
  if (!S_ISREG(status_of(file.number()).st_mode)) throw Error(path.string(), ": isn't a file");
  return file;
}

FileBytes::FileBytes(const fs::path& path) : FileBytes(path, open_to_read(path)) {}

FileBytes::FileBytes(const fs::path& path, const Descriptor& file)
    : bytes_(static_cast<std::size_t>(status_of(file.number()).st_size)) {
  for (std::span<std::byte> rest = bytes_.span(); !rest.empty();) {
    const ssize_t n =
        ::read(file.number(), rest.data(), std::min(rest.size(), std::size_t{1} << 30));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw Error(path.string(), ": can't be read: ", std::strerror(errno));
    if (n == 0) {
      throw Error(path.string(), ": had ", bytes_.size(), " bytes, and was cut to ",
                  bytes_.size() - rest.size(), " while it was read");
    }
    rest = rest.subspan(static_cast<std::size_t>(n));
  }
}

fs::path followed(const fs::path& path) {
  constexpr int most = 40;  // as Linux has it
  fs::path at = path;
  std::error_code error;
  for (int i = 0; i < most; ++i) {
    const fs::path target = fs::read_symlink(at, error);
    if (error) return at;  // no link
    at = target.is_absolute() ? target : at.parent_path() / target;
  }
  throw Error(path.string(), ": is a link that leads to itself");
}

static fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : ".";
}

// A hidden file's name that begins as the path's does, however long that is.
static std::string name_beside(const fs::path& path) {
  return text(".", path.filename().string().substr(0, 200));
}

// Locks.

static fs::path lock_of(const fs::path& path) {
  const fs::path file = followed(path);
  return folder_of(file) / (name_beside(file) + ".etch-lock");
}

[[noreturn]] static void refuse_locked(const fs::path& path) {
  throw Error(path.string(), ": another process is writing to it");
}

FileLock::FileLock(const fs::path& path) : lock_(lock_of(path)) {
  while (!acquire(path)) {
  }
}

// False where the process before removed the lock's file at the same moment.
bool FileLock::acquire(const fs::path& path) {
  Descriptor file(
      ::open(lock_.c_str(), O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666));
  if (!file.opened() || ::flock(file.number(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) refuse_locked(path);
    throw Error(path.string(), ": can't be locked: ", lock_.string(), ": ", std::strerror(errno));
  }
  if (status_of(file.number()).st_nlink == 0) return false;
  file_ = std::move(file);
  return true;
}

FileLock::~FileLock() {
  if (file_.opened()) ::unlink(lock_.c_str());
}

void check_unlocked(const fs::path& path) {
  const Descriptor file(
      ::open(lock_of(path).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (file.opened() && ::flock(file.number(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    refuse_locked(path);
  }
}

// Replacing.

static constexpr const char* temporary_end = ".etch-part";
static constexpr std::size_t random_digits = 16;

static std::string random_name() {
  std::uint64_t random = 0;
  if (::getrandom(&random, sizeof(random), 0) != sizeof(random)) {
    throw Error("no random numbers can be had: ", std::strerror(errno));
  }
  std::string digits;
  for (std::size_t i = 0; i < random_digits; ++i) {
    digits += "0123456789abcdef"[random >> (4 * i) & 15];
  }
  return digits;
}

static bool is_temporary(const std::string& name, const std::string& begin) {
  const std::string end = temporary_end;
  return name.size() == begin.size() + 1 + random_digits + end.size() && name.starts_with(begin) &&
         name.ends_with(end);
}

// Who writes one has it locked: what can be locked is of a process that is no more.
static void remove_leftovers(const fs::path& path) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder_of(path), ignored)) {
    if (!is_temporary(entry.path().filename(), name_beside(path))) continue;
    const Descriptor file(
        ::open(entry.path().c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (file.opened() && ::flock(file.number(), LOCK_EX | LOCK_NB) == 0) {
      ::unlink(entry.path().c_str());
    }
  }
}

// The file that is to be replaced, if there is one.
static std::optional<struct stat> replaceable(const fs::path& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return std::nullopt;
    throw Error(path.string(), ": can't be written: ", std::strerror(errno));
  }
  if (S_ISDIR(status.st_mode)) throw Error(path.string(), ": is a folder, but a file is expected");
  if (!S_ISREG(status.st_mode)) {
    throw Error(path.string(), ": is a device or a pipe, but a file is expected");
  }
  if (::access(path.c_str(), W_OK) != 0) {
    throw Error(path.string(), ": can't be written: ", std::strerror(errno));
  }
  return status;
}

// The mode last, since a change of owner takes bits away; without those that run a file as its
// owner where the owner isn't the same.
static void take_over(int file, const struct stat& old) {
  const bool owned = ::fchown(file, old.st_uid, old.st_gid) == 0;
  const bool grouped = owned || ::fchown(file, static_cast<uid_t>(-1), old.st_gid) == 0;
  const mode_t mode = old.st_mode & (owned ? 07777u : grouped ? 0777u : 0707u);
  [[maybe_unused]] const int ignored = ::fchmod(file, mode);  // some file systems have no modes
}

FileReplacement::FileReplacement(const fs::path& path) : path_(followed(path)) {
  const std::optional<struct stat> old = replaceable(path_);
  remove_leftovers(path_);
  open_temporary(old ? 0600 : 0666);
  if (old) take_over(file_.number(), *old);
}

// Until it is locked, another process may take it for a leftover.
void FileReplacement::open_temporary(unsigned mode) {
  for (;;) {
    temporary_ = folder_of(path_) / (name_beside(path_) + "." + random_name() + temporary_end);
    Descriptor file(::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
    if (!file.opened() && errno == EEXIST) continue;
    if (!file.opened()) fail("can't be written");
    // Some file systems have no locks, and then nobody removes leftovers.
    const bool locked = ::flock(file.number(), LOCK_EX) == 0;
    if (locked && status_of(file.number()).st_nlink == 0) continue;
    file_ = std::move(file);
    return;
  }
}

FileReplacement::~FileReplacement() {
  if (file_.opened()) ::unlink(temporary_.c_str());
}

void FileReplacement::fail(const char* what) const {
  throw Error(path_.string(), ": ", what, ": ", std::strerror(errno));
}

void FileReplacement::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t n =
        ::write(file_.number(), bytes.data(), std::min(bytes.size(), std::size_t{1} << 30));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail("can't be written");
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
}

void FileReplacement::commit() {
  if (::fsync(file_.number()) != 0) fail("can't be written to the disk");
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail("can't be replaced");
  const Descriptor renamed(file_.release());
  const Descriptor folder(::open(folder_of(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // Some file systems have no fsync of folders: the rename has happened all the same.
  if (folder.opened() && ::fsync(folder.number()) != 0 && errno != EINVAL) {
    fail("its folder can't be written to the disk");
  }
}

void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw Error(folder.string(), ": can't be made a folder: ", error.message());
}

void replace_file(const fs::path& path, std::string_view text) {
  FileReplacement file(path);
  file.write(std::as_bytes(std::span(text)));
  file.commit();
}

}  // namespace etch::host
