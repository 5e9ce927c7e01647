// What the etch command makes of a full disk, closed streams, and limits of memory, stack and
// threads: a sentence and a status.
#include "tools/etch_command.hpp"

#include <sys/stat.h>
#include <unistd.h>

using namespace etch;
using namespace etch::host;
namespace fs = std::filesystem;

namespace {

bool is_sentence(const Outcome& o) {
  const bool one = std::count(o.errors.begin(), o.errors.end(), '\n') == 1;
  return o.errors.starts_with("etch: ") && one && o.errors.find("terminate") == std::string::npos;
}

}  // namespace

TEST_CASE("Output that can't be written is an error of every command") {
  if (skipped()) return;
  const Place place;
  REQUIRE(etch_run(place.train("a", "1")).status == 0);
  const std::vector<Words> commands = {
      {"--help"},
      {"plan", "lenet"},
      {"plan", "resnet101", "--json"},
      {"summary", "lenet"},
      {"bench", "lenet", "--repeat", "1"},
      {"profile", "lenet", "--seconds", "0"},
      {"eval", "lenet", "--data", place.folder.path(), "--quiet", "--checkpoint", place.file("a")},
      {"embed", place.file("a"), "-o", place.file("w.hpp")},
      place.train("c", "2")};
  for (const Words& words : commands) {
    for (const char* script : {"exec \"$@\" >/dev/full", "exec \"$@\" >&-"}) {
      const Outcome outcome = shell_run(script, words);
      INFO(words[0] << ", " << script);
      CHECK(outcome.status == 1);
      CHECK_THAT(outcome.errors, Catch::Contains("not all of the output could be written"));
      fs::remove(place.file("w.hpp"));
      fs::remove(place.file("c"));
    }
  }
}

TEST_CASE("With closed streams no text lands in a file") {
  if (skipped()) return;
  const Place place;
  REQUIRE(etch_run(place.train("a", "2")).status == 0);
  shell_run("exec \"$@\" <&- >&- 2>&-", place.train("b", "2"));
  CHECK(contents(place.file("b")) == contents(place.file("a")));
}

// [limits]: sanitizers take memory, stack and a thread of their own.
TEST_CASE("A small stack is refused", "[limits]") {
  if (skipped()) return;
  for (const char* script : {"ulimit -s 128; exec \"$@\"", "ulimit -s 256; exec \"$@\""}) {
    const Outcome outcome = shell_run(script, {"plan", "lenet"});
    CHECK(outcome.status == 1);
    CHECK(is_sentence(outcome));
    CHECK_THAT(outcome.errors, Catch::Contains("the stack is limited to"));
  }
}

TEST_CASE("With whatever memory a run trains, or says that there isn't enough", "[limits]") {
  if (skipped()) return;
  const Place place;
  int refused = 0, trained = 0;
  for (int kibibytes = 16'000; kibibytes <= 128'000; kibibytes += kibibytes / 8) {
    const Outcome outcome =
        shell_run("ulimit -v " + std::to_string(kibibytes) + "; exec \"$@\"",
                  place.train("a", "1") + Words{"--overwrite", "--threads", "4"});
    INFO(kibibytes << " KiB: " << outcome.errors);
    // The loader of the system's libraries, which come first.
    if (outcome.status == 127) continue;
    if (outcome.status == 0) {
      ++trained;
      continue;
    }
    ++refused;
    CHECK(outcome.status == 1);
    CHECK(is_sentence(outcome));
  }
  CHECK(refused > 0);
  CHECK(trained > 0);
  const Outcome large = shell_run("ulimit -v 400000; exec \"$@\"",
                                  {"bench", "lenet", "--mode", "training", "--batch", "65536"});
  CHECK(large.status == 1);
  CHECK_THAT(large.errors,
             Catch::Contains("not enough memory: ") && Catch::Contains("iB were asked"));
}

TEST_CASE("Where no thread can be made it is said before work begins", "[limits]") {
  if (skipped()) return;
  const Place place;
  REQUIRE(::chmod(place.folder.path().c_str(), 0777) == 0);
  // The number of processes isn't limited for root, nor may others enter every folder.
  const std::string as_user =
      ::geteuid() == 0 ? "setpriv --reuid=65534 --regid=65534 --clear-groups " : "";
  const Outcome outcome = shell_run("exec " + as_user + "prlimit --nproc=1:1 \"$@\"",
                                    place.train("a", "1") + Words{"--threads", "4"});
  CHECK(outcome.status == 1);
  CHECK_THAT(outcome.errors,
             Catch::Contains("--threads 4: the system makes no more than 1 thread"));
  CHECK(outcome.output == "");
}

TEST_CASE("A pipe as data, model or checkpoint is refused and not waited for") {
  if (skipped()) return;
  const Place place;
  const std::string pipe = place.file("pipe.onnx");
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  const Words limit = {"timeout", "20", command()};
  const std::vector<Words> commands = {
      {"eval", "lenet", "--data", place.folder.path(), "--checkpoint", pipe},
      {"embed", pipe, "-o", place.file("w.hpp")},
      {"plot", pipe, "-o", place.file("a.svg")},
      place.train("pipe.onnx") + Words{"--overwrite"}};
  for (const Words& words : commands) {
    const Outcome outcome = run_program(limit + words, ".");
    INFO(words[0] << ": " << outcome.errors);
    CHECK(outcome.status == 1);
    CHECK_THAT(outcome.errors, Catch::Contains("isn't a file") || Catch::Contains("or a pipe"));
  }
  const std::string images = place.file(images_name(Part::test));
  REQUIRE(fs::remove(images));
  REQUIRE(::mkfifo(images.c_str(), 0600) == 0);
  const Outcome data = run_program(limit + place.train("a"), ".");
  CHECK(data.status == 1);
  CHECK_THAT(data.errors, Catch::Contains(images + ": isn't a file"));
}
