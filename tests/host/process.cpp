// Paths in commands that a shell is to run.
#include "process.hpp"

#include <catch2/catch.hpp>

using namespace etch::host;

TEST_CASE("A shell reads a word as it was") {
  CHECK(shell_word("runs/a-1.safetensors") == "runs/a-1.safetensors");
  CHECK(shell_word("-run") == "./-run");
  for (const std::string path : {"a b", "it's", "a;b", "$(touch x)", "`x`", "a\"b", "a\\b", "*",
                                 "~", "", "#x", "a\nb", "é", "!x", "a&b", "'", "''"}) {
    const Outcome outcome =
        run_program({"sh", "-c", "printf %s " + shell_word(path) + "; printf ."}, ".");
    CHECK(outcome.status == 0);
    CHECK(outcome.output == path + ".");
  }
}
