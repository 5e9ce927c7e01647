// Fetched files are checked by their sha256 before they get their names.
#include "training/fetch.hpp"

#include "host/idx_files.hpp"
#include "process.hpp"

#include <catch2/catch.hpp>

using namespace etch::host;
namespace fs = std::filesystem;

// sha256 of "abc": FIPS 180-2, appendix B.1.
static constexpr const char* sum_of_abc =
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

static DataSource source_of(const char* sum) {
  return {"letters", {{"a b", sum}}, [](const fs::path& temporary) {
            write_file(temporary / "a b", "abc");
            return temporary;
          }};
}

TEST_CASE("sha256 of a file") {
  const TemporaryFolder folder;
  write_file(folder.path() / "a", "abc");
  CHECK(sha256(folder.path() / "a") == sum_of_abc);
  CHECK_THROWS_WITH(sha256(folder.path() / "none"), Catch::Contains("sha256sum failed"));
}

TEST_CASE("Data is fetched, and found complete until it is harmed") {
  const TemporaryFolder folder;
  const fs::path to = folder.path() / "new" / "folder";
  const DataSource data = source_of(sum_of_abc);
  CHECK_FALSE(is_complete(data, to));
  fetch(data, to);
  CHECK(is_complete(data, to));
  write_file(to / "a b", "abd");
  CHECK_FALSE(is_complete(data, to));
  CHECK_THROWS_WITH(fetch(data, to), Catch::Contains("a b: is there already, and isn't") &&
                                         Catch::Contains("--overwrite replaces it"));
  fetch(data, to, Overwrite::yes);
  CHECK(is_complete(data, to));
}

TEST_CASE("A file with another sum is refused and not kept") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH(fetch(source_of("00"), folder.path()),
                    Catch::Contains(sum_of_abc) && Catch::Contains("but 00 is expected"));
  CHECK(fs::is_empty(folder.path()));
  write_file(folder.path() / "file", "");
  CHECK_THROWS_WITH(fetch(source_of(sum_of_abc), folder.path() / "file"),
                    Catch::Contains("/file: can't be made a folder: Not a directory"));
}

TEST_CASE("An unknown data set is refused with a list of those there are") {
  CHECK_THROWS_WITH(find_data("cifar"), Catch::Contains("mnist, fashion-mnist"));
  CHECK(find_data("mnist").files.size() == 4);
}

TEST_CASE("Programs are run without a shell") {
  CHECK(run_program({"echo", "$HOME;", "a b"}, ".").output == "$HOME; a b\n");
  CHECK(run_program({"no-such-program"}, ".").status == 127);
  CHECK(run_program({"sh", "-c", "echo no >&2; exit 3"}, ".").status == 3);
  CHECK(run_program({"sh", "-c", "echo no >&2; exit 3"}, ".").errors == "no\n");
}
