// Training through faults: numbers that overflow, signals, full disks, two runs on one file.
#include "tools/etch_command.hpp"

#include <etch/host/error.hpp>
#include <etch/host/file.hpp>
#include <etch/host/format.hpp>
#include <etch/host/training/checkpoint.hpp>
#include <etch/random.hpp>

using namespace etch;
using namespace etch::host;
namespace fs = std::filesystem;

TEST_CASE("A run that diverges stops, says where, and leaves the last good checkpoint") {
  if (skipped()) return;
  const Place place;
  for (const Words& update : {Words{"--update", "accumulate"}, Words{"--update", "fused"}}) {
    // The second epoch's rate is 2e27.
    const Words later = place.train("a", "3") + update +
                        Words{"--schedule", "step", "--gamma", "1e30", "--overwrite"};
    const Outcome stopped = etch_run(later);
    CHECK(stopped.status == 1);
    CHECK_THAT(stopped.output, Catch::Contains("epoch 1/3") && !Catch::Contains("epoch 2/3"));
    CHECK_THAT(stopped.errors, Catch::Contains("training stopped: step 27: the loss is NaN, and "
                                               "the activation of 3 Conv2d has an infinity"));
    CHECK_THAT(stopped.errors, Catch::Contains("a holds the run after step 25; "));
    CHECK(Checkpoint(place.file("a")).progress().updates == 25);

    const std::string good = contents(place.file("a"));
    const Words now = {"train", "lenet", "--data", place.folder.path(), "--lr", "1e30", "--quiet"};
    const Outcome at_once =
        etch_run(now + update + Words{"--overwrite", "--checkpoint", place.file("a")});
    CHECK(at_once.status == 1);
    CHECK_THAT(at_once.errors,
               Catch::Contains("step 2: the loss is NaN") && Catch::Contains("--clip-grad-norm"));
    CHECK(contents(place.file("a")) == good);
  }
  CHECK(place.count() == 5);
}

TEST_CASE("What isn't finite isn't saved, though the loss is") {
  if (skipped()) return;
  const Place place;
  // The first step's update makes 1e38 of the weights; there is no second one.
  const Outcome outcome =
      etch_run({"train", "convnet", "--data", place.folder.path(), "--optimizer", "sgd", "--lr",
                "1e39", "--max-steps", "1", "--quiet", "--checkpoint", place.file("a")});
  CHECK(outcome.status == 1);
  CHECK_THAT(outcome.errors, Catch::Contains("training stopped: the parameter"));
  CHECK_FALSE(fs::exists(place.file("a")));
}

TEST_CASE("A run stops early, says so, and keeps the best epoch's parameters") {
  if (skipped()) return;
  const Place place;
  const Words rate = {"--schedule", "plateau", "--patience", "0", "--warmup", "10"};
  const Outcome run = etch_run(place.train("a") + rate +
                               Words{"--early-stopping", "2", "--keep", "best", "--class-weights",
                                     "balanced", "--label-smoothing", "0.1"});
  INFO(run.output);
  REQUIRE(run.status == 0);
  const std::vector<EpochScores> history = Checkpoint(place.file("a")).progress().history;
  const std::size_t best = history.size() - 3;
  CHECK_THAT(run.output,
             Catch::Contains(
                 text("stopped early: no test loss is below that of epoch ", best + 1, ", ")) &&
                 Catch::Contains("learning rate: 0.0002 from now on") &&
                 Catch::Contains(text("the parameters kept are those of epoch ", best + 1, "\n")));
  const Outcome eval = etch_run(
      {"eval", "lenet", "--data", place.folder.path(), "--checkpoint", place.file("a"), "--quiet"});
  CHECK_THAT(eval.output, Catch::Contains("loss " + fixed(history[best].test.loss, 4)));
  CHECK(etch_run(place.train("a", "1000") +
                 Words{"--resume", "--early-stopping", "3", "--max-steps", "1000"})
            .status == 0);
  CHECK(Checkpoint(place.file("a")).progress().history.size() > history.size());
}

TEST_CASE("The second run on a checkpoint is told so and writes nothing") {
  if (skipped()) return;
  const Place place;
  REQUIRE(etch_run(place.train("a", "1")).status == 0);
  const std::string before = contents(place.file("a"));
  fs::create_symlink("a", place.file("link"));
  const FileLock lock(place.file("a"));
  const std::size_t files = place.count();
  for (const char* name : {"a", "link"}) {
    for (const char* mode : {"--overwrite", "--resume"}) {
      const Outcome second = etch_run(place.train(name, "2") + Words{mode});
      CHECK(second.status == 1);
      CHECK_THAT(second.errors, Catch::Contains("another process is writing to it"));
    }
  }
  CHECK(contents(place.file("a")) == before);
  CHECK(place.count() == files);
}

TEST_CASE("A signal that asks to end saves, and a resumed run ends in the same bytes") {
  if (skipped()) return;
  const Place place;
  for (const auto& [signal, status] : {std::pair("HUP", 129), std::pair("TERM", 143)}) {
    fs::remove(place.file("a"));
    fs::remove(place.file("whole"));
    const Words timeout = {"timeout", "--foreground", "--preserve-status", "-s", signal,
                           "0.7",     command()};
    CHECK(run_program(timeout + place.train("a"), ".").status == status);
    const std::uint64_t steps = Checkpoint(place.file("a")).progress().updates + 7;
    const Words until = {"--max-steps", std::to_string(steps)};
    CHECK(etch_run(place.train("a") + until + Words{"--resume"}).status == 0);
    CHECK(etch_run(place.train("whole") + until).status == 0);
    CHECK(contents(place.file("a")) == contents(place.file("whole")));
  }
}

TEST_CASE("A signal that was ignored before stays so") {
  if (skipped()) return;
  const Place place;
  const Outcome outcome =
      shell_run("trap '' HUP INT; \"$@\" & sleep 0.5; kill -HUP $!; kill -INT $!; wait $!",
                place.train("a", "40"));
  CHECK(outcome.status == 0);
  CHECK_THAT(outcome.output, Catch::Contains("epoch 40/40"));
}

TEST_CASE("A run whose output nobody reads is saved and ends") {
  if (skipped()) return;
  const Place place;
  const std::string status = place.file("status");
  const Outcome outcome =
      shell_run("{ \"$@\"; echo $? >'" + status + "'; } | head -n 1", place.train("a"));
  CHECK_THAT(outcome.output, Catch::StartsWith("lenet: "));
  CHECK(contents(status) == "141\n");
  CHECK_THAT(outcome.errors, Catch::Contains("not all of the output could be written"));
  CHECK(Checkpoint(place.file("a")).progress().updates > 0);
}

TEST_CASE("A run that can't save goes on, says so and has a status") {
  if (skipped()) return;
  const Place place;
  // Half of what a checkpoint takes.
  const Outcome full = shell_run("ulimit -f 700; exec \"$@\"", place.train("a", "3"));
  CHECK(full.status == 1);
  CHECK_THAT(full.output, Catch::Contains("epoch 3/3") && !Catch::Contains("saved in"));
  CHECK_THAT(full.errors, Catch::Contains("nothing was saved after step 75: ") &&
                              Catch::Contains("a: can't be written: File too large; nothing was "
                                              "saved before"));
  CHECK(place.count() == 4);

  REQUIRE(etch_run(place.train("a", "1")).status == 0);
  const std::string before = contents(place.file("a"));
  const Outcome resumed = shell_run("ulimit -f 700; exec \"$@\" --resume", place.train("a", "2"));
  CHECK(resumed.status == 1);
  CHECK_THAT(resumed.errors, Catch::Contains("a holds the run after step 25"));
  CHECK(contents(place.file("a")) == before);
}

TEST_CASE("A checkpoint that can't be written is refused before training") {
  if (skipped()) return;
  const Place place;
  fs::create_directory(place.file("folder"));
  for (const auto& [file, message] :
       {std::pair("folder", "is a folder"), std::pair("none/a", "No such file or directory")}) {
    const Outcome outcome = etch_run(place.train(file) + Words{"--overwrite"});
    CHECK(outcome.status == 1);
    CHECK(outcome.output == "");
    CHECK_THAT(outcome.errors, Catch::Contains(message));
  }
  CHECK(etch_run({"train", "lenet", "--data", place.folder.path(), "--checkpoint", "/dev/null",
                  "--overwrite"})
            .status == 1);
}

TEST_CASE("A dangling link leads to the checkpoint") {
  if (skipped()) return;
  const Place place;
  fs::create_symlink("target", place.file("link"));
  CHECK(etch_run(place.train("link", "1")).status == 0);
  CHECK(fs::is_symlink(place.file("link")));
  CHECK(fs::is_regular_file(fs::symlink_status(place.file("target"))));
}

// [kills]: of the disk's state, in runs that sanitizers slow down.
TEST_CASE("However often a run is killed, nothing is lost, and it ends in the same bytes",
          "[kills]") {
  if (skipped()) return;
  const Place place;
  const char* epochs = "40";
  Generator random{Catch::rngSeed()};
  std::uint64_t epoch = 0;
  for (int kill = 0; kill < 20; ++kill) {
    // By turns after a time of its own, and after one that is drawn.
    const double seconds = kill % 2 == 0 ? 0.02 * (kill + 1) : 0.4 * double{random.uniform()};
    const Words killed = {"timeout", "--foreground",          "-s",
                          "KILL",    std::to_string(seconds), command()};
    const bool begun = fs::exists(place.file("a"));
    run_program(killed + place.train("a", epochs) + (begun ? Words{"--resume"} : Words{}), ".");
    CHECK(place.count() <= 4 + 3);  // the data, the checkpoint, a lock, one file that was begun
    if (!fs::exists(place.file("a"))) continue;
    const std::uint64_t now = Checkpoint(place.file("a")).progress().epoch;
    CHECK(now >= epoch);
    epoch = now;
  }
  const bool begun = fs::exists(place.file("a"));
  CHECK(etch_run(place.train("a", epochs) + (begun ? Words{"--resume"} : Words{})).status == 0);
  CHECK(place.count() == 5);
  CHECK(etch_run(place.train("whole", epochs)).status == 0);
  CHECK(contents(place.file("a")) == contents(place.file("whole")));
}
