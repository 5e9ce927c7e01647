// What is suggested for a misspelt name.
#include "suggestion.hpp"

#include <catch2/catch.hpp>

#include <vector>

using namespace etch::host;

TEST_CASE("Letters between two words") {
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("abc", "") == 3);
  CHECK(edit_distance("train", "train") == 0);
  CHECK(edit_distance("trian", "train") == 1);  // two letters swapped
  CHECK(edit_distance("tran", "train") == 1);
  CHECK(edit_distance("strain", "train") == 1);
  CHECK(edit_distance("kitten", "sitting") == 3);
}

TEST_CASE("The nearest name, if one is near") {
  const std::vector<std::string> names = {"--optimizer", "--update", "--json", "--data"};
  CHECK(suggestion("--optimzer", names) == "; did you mean --optimizer?");
  CHECK(suggestion("--optim", names) == "; did you mean --optimizer?");
  CHECK(suggestion("-json", names) == "; did you mean --json?");
  CHECK(suggestion("--date", names) == "; did you mean --data?");
  CHECK(suggestion("--seconds", names) == "");
  CHECK(suggestion("", names) == "");
  CHECK(suggestion(std::string(1000, '-'), names) == "");
  CHECK(suggestion("x", {}) == "");
}
