// Files are replaced whole or not at all, by one process at a time, and keep what they were.
#include <etch/host/file.hpp>

#include "host/idx_files.hpp"
#include "process.hpp"

#include <etch/host/error.hpp>

#include <catch2/catch.hpp>

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>

using namespace etch::host;
namespace fs = std::filesystem;

namespace {

// In a temporary folder.
struct Files {
  fs::path operator/(const char* name) const { return folder.path() / name; }
  std::size_t count() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()));
  }
  TemporaryFolder folder;
};

std::string contents(const fs::path& path) {
  const FileBytes file(path);
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

struct stat status_of(const fs::path& path) {
  struct stat all {};
  REQUIRE(::stat(path.c_str(), &all) == 0);
  return all;
}

mode_t mode(const fs::path& path) { return status_of(path).st_mode & 07777; }

// The wait status of a process that does this, and is then killed if it didn't end.
int in_child(const std::function<void()>& act) {
  const pid_t child = ::fork();
  if (child == 0) {
    act();
    ::raise(SIGKILL);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

}  // namespace

TEST_CASE("A replaced file keeps its mode and its owner") {
  const Files files;
  const fs::path path = files / "a";
  const mode_t mask = ::umask(027);
  replace_file(path, "new");
  ::umask(mask);
  CHECK(mode(path) == 0640);
  // An owner is given away by root alone, and the rest of this holds for everybody.
  if (::geteuid() == 0) REQUIRE(::chown(path.c_str(), 12345, 23456) == 0);
  const struct stat before = status_of(path);
  for (const mode_t m : {0600u, 0664u, 0666u}) {
    REQUIRE(::chmod(path.c_str(), m) == 0);
    FileReplacement file(path);
    for (const auto& entry : fs::directory_iterator(files.folder.path())) {
      CHECK(mode(entry.path()) == m);  // nor is it readable while it is written
    }
    file.commit();
    CHECK(mode(path) == m);
    CHECK(status_of(path).st_uid == before.st_uid);
    CHECK(status_of(path).st_gid == before.st_gid);
  }
}

TEST_CASE("A link stays a link, also one to nothing") {
  const Files files;
  fs::create_directory(files / "folder");
  fs::create_symlink("folder/b", files / "a");
  fs::create_symlink("../target", files / "folder/b");
  for (const char* text : {"one", "two"}) {  // there is no target, there is one
    replace_file(files / "a", text);
    CHECK(fs::is_symlink(files / "a"));
    CHECK(fs::is_symlink(files / "folder/b"));
    CHECK_FALSE(fs::is_symlink(files / "target"));
    CHECK(contents(files / "target") == text);
  }
  fs::create_symlink("loop", files / "loop");
  CHECK_THROWS_WITH(replace_file(files / "loop", ""), Catch::Contains("leads to itself"));
  CHECK_THROWS_WITH(FileBytes(files / "loop"), Catch::Contains("loop: can't be opened"));
}

TEST_CASE("What isn't a file is neither replaced nor waited for") {
  const Files files;
  REQUIRE(::mkfifo((files / "pipe").c_str(), 0600) == 0);
  fs::create_symlink("/dev/null", files / "link");
  CHECK_THROWS_WITH(replace_file(files.folder.path(), ""), Catch::Contains("is a folder"));
  for (const fs::path& path : {files / "pipe", files / "link", fs::path("/dev/null")}) {
    CHECK_THROWS_WITH(replace_file(path, ""), Catch::Contains("is a device or a pipe"));
    CHECK_THROWS_WITH(FileBytes(path), Catch::Contains("isn't a file"));
  }
  CHECK_THROWS_WITH(FileBytes(files.folder.path()), Catch::Contains("isn't a file"));
  CHECK_THROWS_WITH(replace_file(files / "none/a", ""), Catch::Contains("No such file"));
  CHECK_THROWS_WITH(replace_file(files / std::string(300, 'a').c_str(), ""),
                    Catch::Contains("name too long"));
  const std::string longest(255, 'a');
  replace_file(files / longest.c_str(), "long");
  CHECK(contents(files / longest.c_str()) == "long");
  CHECK(files.count() == 3);
}

TEST_CASE("A file that its owner made read-only isn't replaced") {
  const Files files;
  write_file(files / "a", "old");
  REQUIRE(::chmod((files / "a").c_str(), 0444) == 0);
  REQUIRE(::chmod(files.folder.path().c_str(), 0777) == 0);
  const int status = in_child([&] {
    if (::geteuid() == 0 && (::setgid(65534) != 0 || ::setuid(65534) != 0)) ::_exit(1);
    try {
      replace_file(files / "a", "new");
    } catch (const Error&) {
      ::_exit(0);
    }
    ::_exit(2);
  });
  CHECK(status == 0);
  CHECK(contents(files / "a") == "old");
}

TEST_CASE("What a killed process left is removed, and what a living one writes isn't") {
  const Files files;
  write_file(files / ".a.12345678.etch-part", "not one of ours");
  for (int i = 0; i < 3; ++i) {
    const int status = in_child([&] {
      FileReplacement(files / "a").write(std::as_bytes(std::span("part")));
      ::_exit(0);
    });
    CHECK(status == 0);
  }
  CHECK(files.count() == 1);
  std::vector<std::string> names;
  for (int i = 0; i < 2; ++i) {
    CHECK(WIFSIGNALED(in_child([&] {
      FileReplacement file(files / "a");
      file.write(std::as_bytes(std::span("part")));
      ::raise(SIGKILL);
    })));
    CHECK(files.count() == 2);
    for (const auto& entry : fs::directory_iterator(files.folder.path())) {
      if (entry.path() != files / ".a.12345678.etch-part") names.push_back(entry.path());
    }
  }
  CHECK(names.at(0) != names.at(1));
  FileReplacement first(files / "a");
  first.write(std::as_bytes(std::span("one", 3)));
  replace_file(files / "a", "two");
  CHECK(contents(files / "a") == "two");
  first.commit();
  CHECK(contents(files / "a") == "one");
  CHECK(files.count() == 2);
}

TEST_CASE("A file is locked for one process, until that is killed") {
  const Files files;
  fs::create_symlink("a", files / "link");
  {
    const FileLock lock(files / "a");
    CHECK_THROWS_WITH(FileLock(files / "a"),
                      Catch::Contains("a: another process is writing to it"));
    CHECK_THROWS_WITH(FileLock(files / "link"), Catch::Contains("another process"));
    const FileLock other(files / "b");
  }
  CHECK(files.count() == 1);  // the link: no file of a lock stays
  CHECK(WIFSIGNALED(in_child([&] {
    const FileLock lock(files / "a");
    ::raise(SIGKILL);
  })));
  CHECK(files.count() == 2);
  { const FileLock lock(files / "a"); }
  CHECK(files.count() == 1);
  CHECK_THROWS_WITH(FileLock(files / "none/a"), Catch::Contains("can't be locked"));
}

TEST_CASE("Of many processes that want a lock at once, one at a time has it") {
  const Files files;
  write_file(files / "count", std::string(1, '\0'));
  std::vector<pid_t> children;
  for (int i = 0; i < 8; ++i) {
    const pid_t child = ::fork();
    if (child != 0) {
      children.push_back(child);
      continue;
    }
    for (int done = 0; done < 10;) {
      try {
        const FileLock lock(files / "a");
        const std::string before = contents(files / "count");
        ::usleep(200);
        write_file(files / "count", std::string(1, static_cast<char>(before.at(0) + 1)));
        ++done;
      } catch (const Error&) {
        ::usleep(100);
      }
    }
    ::_exit(0);
  }
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    CHECK(status == 0);
  }
  CHECK(contents(files / "count").at(0) == 80);
}

TEST_CASE("A file that is cut after it was opened is still whole for its reader") {
  const Files files;
  write_file(files / "a", std::string(100'000, 'a'));
  const FileBytes file(files / "a");
  REQUIRE(::truncate((files / "a").c_str(), 0) == 0);
  CHECK(file.bytes().back() == std::byte{'a'});
}

TEST_CASE("Where there is no room, the old file stays and nothing else") {
  const Files files;
  write_file(files / "a", "old");
  const int status = in_child([&] {
    const rlimit limit{1000, 1000};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) ::_exit(1);
    std::signal(SIGXFSZ, SIG_IGN);
    try {
      replace_file(files / "a", std::string(5000, 'n'));
    } catch (const Error& e) {
      ::_exit(std::string(e.what()).find("can't be written: File too large") == std::string::npos);
    }
    ::_exit(2);
  });
  CHECK(status == 0);
  CHECK(contents(files / "a") == "old");
  CHECK(files.count() == 1);
}
